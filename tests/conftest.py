"""Every test has a home of its own; one that writes into the real one fails the run."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support import isolation
from tests.support.github_server import Hosted, github

ROOT = Path(__file__).resolve().parents[1]
HOMES = isolation.real_homes()
WATCHED = isolation.watched(HOMES, ROOT)
PACKAGE_CLIENTS = isolation.package_client_environment(Path.home(), ROOT / ".cache")

# A busy machine is no reason for a property to fail.
settings.register_profile("factory", deadline=None)
settings.load_profile("factory")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes minutes together runs where it is asked for by its marker, as `make crash` does."""
    unasked = [name for name in ("crash", "matrix", "slow") if name not in config.option.markexpr]
    left_out = [item for item in items if any(item.get_closest_marker(name) for name in unasked)]
    config.hook.pytest_deselected(items=left_out)
    left = set(left_out)
    items[:] = [item for item in items if item not in left]


@pytest.fixture(autouse=True, scope="session")
def unsynced() -> Iterator[None]:
    """What cycles in this process write is not waited for either; see ``tests/support/unsynced``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def interruptible() -> None:
    """A shell starts what runs in the background with SIGINT ignored; what we start would inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def private_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A private home, factory home and git identity, in an environment without the person's variables."""
    before = isolation.fingerprint(WATCHED)
    for name in list(os.environ):
        if not isolation.is_kept(name):
            monkeypatch.delenv(name)
    private = isolation.private_environment(tmp_path_factory.mktemp("private"))
    for name, value in (PACKAGE_CLIENTS | private).items():
        monkeypatch.setenv(name, value)
    yield Path(private["HOME"])
    touched = isolation.differences(before, isolation.fingerprint(WATCHED))
    if touched:
        pytest.fail(f"written outside the private home, while this test ran: {', '.join(touched)}")


@pytest.fixture
def factory_home(private_home: Path) -> Path:
    """The factory home of this test (not made yet)."""
    return private_home / ".factory"


@pytest.fixture
def hub(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosted]:
    """The stand-in of GitHub, with the remote of the test's own ``project`` on it."""
    with github(project.parent / "calc.git") as hosted:
        for name, value in hosted.environment().items():
            monkeypatch.setenv(name, value)
        yield hosted
