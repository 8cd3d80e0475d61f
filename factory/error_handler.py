"""The one boundary between what goes wrong and the person: a sentence, an exit code, and a log.

Every command imports this, ``--help`` included; what only a failure needs is imported when one happens.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import factory
from factory import output
from factory.errors import EXIT_ENVIRONMENT, EXIT_INTERRUPTED, EXIT_USAGE, FactoryError

# What a shell reports of a program whose reader went away, as `factory history | head` does.
EXIT_READER_GONE = 141
# A bug has no code of its own among the documented ones; 0 to 3 would be
# mistaken for an answer.
EXIT_BUG = EXIT_ENVIRONMENT


def run_guarded(call: Callable[[], int], *, debug: bool) -> int:
    """Runs a command and returns its exit code, whatever happens; ``debug`` shows tracebacks.

    A FactoryError gives its own code; a full disk or a missing permission 4; an interruption 130; a reader
    that went away 141; anything else is a bug: 4, with a crash log in the factory home. SystemExit,
    argparse's way to end, passes.
    """
    try:
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # as __main__ has left it
            signal.signal(signal.SIGINT, signal.default_int_handler)
        code = call()
        output.flush()
        return code
    except (Exception, KeyboardInterrupt) as error:
        return _report(error, debug)


def _report(error: BaseException, debug: bool) -> int:
    if isinstance(error, BrokenPipeError):
        output.forget_stdout()
        return EXIT_READER_GONE
    if isinstance(error, KeyboardInterrupt):
        return _interrupted()
    if debug:
        output.note(_traceback(error).rstrip())
    if isinstance(error, OSError):
        error = _mendable(error) or error
    if isinstance(error, FactoryError):
        return _expected(error)
    return _crashed(error)


def _mendable(error: OSError) -> FactoryError | None:
    from factory.fsio import environment_error  # noqa: PLC0415

    known = environment_error(error)
    if known is not None:
        known.__cause__ = error
    return known


def _interrupted() -> int:
    import shlex  # noqa: PLC0415

    from factory.redact import redact  # noqa: PLC0415

    if "factory.process" in sys.modules:  # else there can be no children
        sys.modules["factory.process"].stop_all()
    again = redact(shlex.join(["factory", *sys.argv[1:]]))  # a URL may hold a password
    output.note(f"factory: interrupted; resume with `{again}`")
    return EXIT_INTERRUPTED


def _expected(error: FactoryError) -> int:
    log = _log(error)
    # Who has mistyped something finds nothing more there.
    output.error(error, None if error.exit_code == EXIT_USAGE else log)
    return error.exit_code


def _log(error: FactoryError) -> Path | None:
    from factory import log  # noqa: PLC0415

    kind = type(error).__name__
    return log.record(error.message, kind=kind, argv=sys.argv, traceback=_traceback(error))


def _crashed(error: BaseException) -> int:
    import traceback  # noqa: PLC0415

    from factory.redact import redact  # noqa: PLC0415

    where = _write_crash_log(error)
    summary = "".join(traceback.format_exception_only(error)).strip().partition("\n")[0]
    told = f"details in {where}" if where else "its log could not be written; --debug shows the details"
    output.note(f"factory: this is a bug in factory: {redact(summary)[:300]} ({told})")
    return EXIT_BUG


def _write_crash_log(error: BaseException) -> Path | None:
    from factory.fsio import atomic_write, ensure_private_dir, utc_now  # noqa: PLC0415
    from factory.paths import factory_home  # noqa: PLC0415

    stamp = utc_now()[:19].replace("-", "").replace(":", "")
    try:
        path = factory_home().logs / f"crash-{stamp}Z-{os.getpid()}.log"
        ensure_private_dir(path.parent)
        atomic_write(path, _crash_report(error))
    except (OSError, FactoryError, RuntimeError):  # RuntimeError: there is no home directory
        return None
    return path


def _crash_report(error: BaseException) -> str:
    import platform  # noqa: PLC0415
    import shlex  # noqa: PLC0415

    from factory.redact import redact  # noqa: PLC0415

    lines = [
        f"factory {factory.__version__}",
        f"Python {platform.python_version()} on {platform.platform()}",
        f"command: {shlex.join(['factory', *sys.argv[1:]])}",
        f"directory: {_working_directory()}",
        "",
        _traceback(error),
    ]
    return redact("\n".join(lines))


def _working_directory() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return "(gone)"


def _traceback(error: BaseException) -> str:
    import traceback  # noqa: PLC0415

    from factory.redact import redact  # noqa: PLC0415

    return redact("".join(traceback.format_exception(error)))
