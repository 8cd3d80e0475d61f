"""The errors a person can meet, each with its exit code and what to do next.

Exit codes: 0 done or clean; 1 the answer is no; 2 wrong usage or bad input; 3 refused by a rule;
4 the environment is lacking; 130 interrupted, resumable.
"""

EXIT_OK = 0
EXIT_NO = 1
EXIT_USAGE = 2
EXIT_REFUSED = 3
EXIT_ENVIRONMENT = 4
EXIT_INTERRUPTED = 130


class FactoryError(Exception):
    """An expected failure: one sentence for the person, and what to do next.

    ``message`` says what is wrong, ``hint`` what to type or change (may be empty).
    """

    exit_code = EXIT_USAGE

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class BadInput(FactoryError):
    """A wrong argument, a damaged file, a path that is none."""

    exit_code = EXIT_USAGE


class Refused(FactoryError):
    """A rule forbids it: no approval, no consent, out of order, another cycle running."""

    exit_code = EXIT_REFUSED


class EnvironmentLacking(FactoryError):
    """The machine lacks something: git, an agent CLI, a login, quota, disk space."""

    exit_code = EXIT_ENVIRONMENT
