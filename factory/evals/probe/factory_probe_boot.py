"""Run pytest, and coverage around it, in the target's interpreter on the checkout's own code.

Called by path with one argument, a JSON file of instructions: ``roots`` (import roots, first on
``sys.path``), ``tools`` (a folder for its end, or ""), ``probe`` (this folder), ``arguments`` (pytest's),
``environment`` (variables for the tests), ``coverage`` (null, or ``{"data", "report", "checkout",
"files"}``). Standard library only, Python 3.8 syntax.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import json
import os
import sys
from typing import Any

# Coverage's own defaults also leave out what lies below an "if TYPE_CHECKING:", which a module can make run.
EXCLUDED = [r"#\s*(pragma|PRAGMA)[:\s]?\s*(no|NO)\s*(cover|COVER)"]


def main(instructions_file: str) -> int:
    """Do what the instructions say; the exit status is pytest's."""
    with open(instructions_file, encoding="utf-8") as file:  # noqa: PTH123
        job = json.load(file)
    prepare_path(job)
    coverage = start_coverage(job["coverage"]) if job["coverage"] else None
    import pytest  # noqa: PLC0415 - only now can it be found

    status = int(pytest.main(job["arguments"]))
    if coverage is not None:
        coverage.stop()
        coverage.save()
        write_coverage(coverage, job["coverage"])
    return status


def prepare_path(job: dict[str, Any]) -> None:
    """Load the measuring tools, and only then put the checkout in front: it must not be able to replace
    them.
    """
    sys.path[:] = [p for p in sys.path if p and os.path.realpath(p) != os.path.realpath(job["probe"])]
    own = [*sys.path, job["probe"]]
    lent = [*sys.path, job["tools"], job["probe"]] if job["tools"] else own
    # The project may be one that pytest stands on (pluggy, iniconfig): its installed copy was taken away, and
    # the one among our tools would be measured in its place. Where there is no other, its own comes last.
    places = [own, own + job["roots"]] if has_pytest(own) else []
    places += [lent, lent + job["roots"]]
    load(["coverage"] if job["coverage"] else [], places[-2:])
    load(["pytest", "factory_probe_plugin"], places)
    sys.path[:] = lent
    sys.path[:0] = job["roots"]
    os.environ.update(job["environment"])


def has_pytest(path: list[str]) -> bool:
    """Whether a pytest lies in one of these folders; it need not be loadable."""
    return importlib.machinery.PathFinder.find_spec("pytest", path) is not None


def load(modules: list[str], places: list[list[str]]) -> None:
    """Import these modules from the first path that has all that they need."""
    for path in places:
        sys.path[:] = path
        try:
            for module in modules:
                importlib.import_module(module)
        except ImportError:
            if path is places[-1]:
                raise
        else:
            return


def start_coverage(settings: dict[str, Any]) -> Any:
    """Begin to trace the checkout. The project's own coverage settings are not read: one line there would
    raise the score, by leaving files out.
    """
    import coverage  # noqa: PLC0415

    tracer = coverage.Coverage(
        data_file=settings["data"],
        config_file=False,
        include=[os.path.join(settings["checkout"], "*")],  # noqa: PTH118
    )
    tracer.set_option("report:exclude_lines", EXCLUDED)
    # Its remarks would stand between what pytest says and who reads it.
    tracer.set_option("run:disable_warnings", ["no-data-collected", "module-not-imported"])
    tracer.start()
    return tracer


def write_coverage(tracer: Any, settings: dict[str, Any]) -> None:
    """Write the lines of every source file, also of those that no test imported, in the form of ``coverage
    json``.
    """
    files = {}
    for name in settings["files"]:
        try:
            _, statements, excluded, missing, _ = tracer.analysis2(
                os.path.join(settings["checkout"], name)  # noqa: PTH118
            )
        except Exception as error:  # a file that does not parse has no lines to cover
            print("no coverage of %s: %s" % (name, error), file=sys.stderr)  # noqa: UP031
            continue
        absent = set(missing)
        files[name] = {
            "executed_lines": [line for line in statements if line not in absent],
            "missing_lines": list(missing),
            "excluded_lines": list(excluded),
        }
    with open(settings["report"], "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump({"files": files}, file)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
