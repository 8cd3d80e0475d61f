"""A pytest plugin that reports what really happened, one JSON object a line. PYTEST_DONT_REWRITE

It runs in the target's interpreter: standard library only, Python 3.8 syntax. Every line is flushed as it is
written, so that a run that hangs or dies leaves what it had found out. Lines:

- ``{"start": id}`` a test begins
- ``{"id": id, "when": "setup"|"call"|"teardown", "outcome": …, "xfail": bool}`` a phase of a test
- ``{"collection": id, "text": …}`` a file that could not be collected
- ``{"modules": {name: file}}`` modules loaded since the last such line
- ``{"finish": exit status}`` the session ended by itself
"""

from __future__ import annotations

import json
import os
import sys
from importlib.util import find_spec
from typing import Any

REPORT_VARIABLE = "FACTORY_PROBE_REPORT"
NAMES_VARIABLE = "FACTORY_PROBE_NAMES"
PROJECTS_VARIABLE = "FACTORY_PROBE_PROJECTS"
TEXT_LIMIT = 6000


class Stream:
    """The report file, written by the process that opened it and by no fork of it."""

    def __init__(self, path: str) -> None:
        """Open the file at ``path`` to append to it."""
        self.pid = os.getpid()
        self.file = open(path, "a", encoding="utf-8")  # noqa: SIM115, PTH123 - open as long as the session

    def write(self, record: dict[str, Any]) -> None:
        """Append one line and hand it to the system at once."""
        if os.getpid() == self.pid:
            self.file.write(json.dumps(record) + "\n")
            self.file.flush()


class Probe:
    """Collects the facts of one session."""

    def __init__(self, stream: Stream, names: list[str], projects: list[str]) -> None:
        """Report to ``stream`` modules of these names, and whatever is loaded from these folders."""
        self.stream = stream
        self.names = names
        self.projects = [p.rstrip(os.sep) + os.sep for p in projects]
        self.modules_seen = 0
        self.reported: set[str] = set()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A test begins."""
        self.stream.write({"start": nodeid})

    def pytest_runtest_logreport(self, report: Any) -> None:
        """A phase of a test ended, here or in a worker."""
        record = {"id": report.nodeid, "when": report.when, "outcome": report.outcome}
        record["xfail"] = hasattr(report, "wasxfail")
        self.stream.write(record)
        if report.when == "teardown":
            self.write_modules()

    def pytest_collectreport(self, report: Any) -> None:
        """A file, or a class in it, could not be collected."""
        if report.failed:
            text = str(report.longrepr or "")[-TEXT_LIMIT:]
            self.stream.write({"collection": report.nodeid, "text": text})

    def pytest_collection_finish(self) -> None:
        """Everything collected is imported now."""
        self.write_modules()

    def pytest_sessionfinish(self, exitstatus: Any) -> None:
        """The session ends by itself, whatever its result."""
        self.write_modules()
        self.stream.write({"finish": int(exitstatus)})

    def write_modules(self) -> None:
        """Report the project's modules that were loaded since the last time."""
        if len(sys.modules) == self.modules_seen:
            return
        self.modules_seen = len(sys.modules)
        new = {}
        for name, module in list(sys.modules.items()):
            file = None if name in self.reported or is_alias(name, module) else module_file(module)
            if file and (self.is_ours(name) or file.startswith(tuple(self.projects))):
                new[name] = file
                self.reported.add(name)
        if new:
            self.stream.write({"modules": new})

    def is_ours(self, name: str) -> bool:
        """Whether a module name belongs to the project."""
        return any(name == ours or name.startswith(ours + ".") for ours in self.names)


def is_alias(name: str, module: Any) -> bool:
    """Whether this is a second name of a module (``six.moves.queue``), which is judged by its first."""
    try:
        first = module.__name__
    except Exception:  # modules may be anything, with a __getattr__ that raises
        return False
    return isinstance(first, str) and first != name and sys.modules.get(first) is module


def module_file(module: Any) -> str | None:
    """The file a module was loaded from; None for built-in and namespace ones."""
    try:
        file = module.__file__
    except Exception:  # modules may be anything, with a __getattr__ that raises
        return None
    return os.path.realpath(file) if isinstance(file, str) else None


def pytest_addoption(parser: Any, pluginmanager: Any) -> None:
    """Accept options of plugins that are switched off or absent, so that a project's ``addopts`` is no
    error.
    """
    group = parser.getgroup("factory", "accepted and ignored")
    if absent("pytest_cov", pluginmanager):
        for name in ("--cov", "--cov-report"):
            group.addoption(name, action="append", nargs="?", dest="factory_ignored")
        for name in ("--cov-config", "--cov-fail-under", "--cov-context", "--cov-precision"):
            group.addoption(name, dest="factory_ignored_value")
        for name in ("--cov-append", "--cov-branch", "--no-cov-on-fail", "--no-cov", "--cov-reset"):
            group.addoption(name, action="store_true", dest="factory_ignored_flag")
    if absent("xdist", pluginmanager):
        group._addoption("-n", "--numprocesses", dest="factory_ignored_value")
        for name in ("--dist", "--maxprocesses", "--max-worker-restart"):
            group.addoption(name, dest="factory_ignored_value")
    group.addoption("--randomly-seed", dest="factory_ignored_value")
    for name in ("--randomly-dont-reset-seed", "--randomly-dont-reorganize"):
        group.addoption(name, action="store_true", dest="factory_ignored_flag")


def absent(plugin: str, pluginmanager: Any) -> bool:
    """Whether a plugin is not installed, or was switched off by the project's own options."""
    return find_spec(plugin) is None or pluginmanager.is_blocked(plugin)


def pytest_configure(config: Any) -> None:
    """Begin to report. A worker of xdist has a controller that reports for it."""
    path = os.environ.get(REPORT_VARIABLE)
    if path and not hasattr(config, "workerinput"):
        names = json.loads(os.environ.get(NAMES_VARIABLE, "[]"))
        projects = json.loads(os.environ.get(PROJECTS_VARIABLE, "[]"))
        config.pluginmanager.register(Probe(Stream(path), names, projects), "factory-probe")
