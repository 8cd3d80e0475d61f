"""What a Python interpreter is and has installed, asked of itself and remembered."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from factory.errors import EnvironmentLacking
from factory.evals.surroundings import scratch_folders, target_env
from factory.fsio import atomic_write
from factory.process import run

INSPECT = Path(__file__).parent / "probe" / "factory_probe_inspect.py"
INSPECT_TIMEOUT_S = 60
OLDEST = (3, 8)


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An interpreter: its own path, the binary behind it, its version, import tag, installation folders,
    which of the measuring tools can be imported, and every installed distribution as ``name==version``,
    sorted.
    """

    executable: str
    base: str
    prefix: str
    version: str
    tag: str
    sites: tuple[str, ...]
    importable: tuple[str, ...]
    installed: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """Changes when the interpreter or an installed distribution does: 16 hexadecimal digits."""
        facts = json.dumps([self.version, self.tag, self.installed])
        return hashlib.sha256(facts.encode()).hexdigest()[:16]


def describe(python: Path, *, cache: Path, tools: Path | None = None) -> Interpreter:
    """The interpreter at ``python``, with ``tools`` at the end of its path.

    The answer is kept under ``cache`` as long as the folders it installs into are unchanged. Raises
    EnvironmentLacking when it cannot be started or is older than 3.8.
    """
    key = hashlib.sha256(os.fsencode(f"{python}\0{tools or ''}")).hexdigest()[:24]
    remembered = cache / "interpreters" / f"{key}.json"
    known = _recall(remembered, python, tools)
    if known is not None:
        return known
    found = _ask(python, tools)
    _remember(remembered, found, _stamp(python, found.sites, tools))
    return found


def _ask(python: Path, tools: Path | None) -> Interpreter:
    with scratch_folders() as scratch:
        argv = [str(python), str(INSPECT), str(tools or "")]
        done = run(argv, cwd=scratch.tmp, env=target_env(scratch, python=None), timeout=INSPECT_TIMEOUT_S)
    try:
        found = _from_json(json.loads(done.stdout))
    except (ValueError, TypeError, KeyError):
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise EnvironmentLacking(
            f"{python} does not work as a Python interpreter: {said}",
            "Set [eval] python in factory.toml to a Python 3.8 or newer that has the project's dependencies.",
        ) from None
    if tuple(int(part) for part in found.version.split(".")[:2]) < OLDEST:
        raise EnvironmentLacking(
            f"{python} is Python {found.version}; 3.8 or newer is needed to measure with it."
        )
    return found


def _from_json(data: dict[str, object]) -> Interpreter:
    lists = {key: tuple(value) for key, value in data.items() if isinstance(value, list)}
    return Interpreter(**{**data, **lists})  # type: ignore[arg-type]


def _stamp(python: Path, sites: tuple[str, ...], tools: Path | None) -> list[int]:
    """Modification times that change when something is installed or the interpreter is replaced."""
    places = [python, python.parent.parent / "pyvenv.cfg", *map(Path, sites), *([tools] if tools else [])]
    return [place.stat().st_mtime_ns if place.exists() else 0 for place in places]


def _recall(file: Path, python: Path, tools: Path | None) -> Interpreter | None:
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        found = _from_json(stored["interpreter"])
        return found if stored["stamp"] == _stamp(python, found.sites, tools) else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _remember(file: Path, found: Interpreter, stamp: list[int]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(file, json.dumps({"stamp": stamp, "interpreter": asdict(found)}))
