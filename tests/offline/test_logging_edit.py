from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.offline.handlers import silent_handlers
from factory.offline.logging_edit import log_silent_handlers
from factory.offline.modules import Module, parse, read_module

HEAD = "import logging\n\nlog = logging.getLogger(__name__)\n\n\n"


def logged(tmp_path: Path, text: str, line_length: int = 88) -> tuple[int, str]:
    path = tmp_path / "m.py"
    path.write_bytes(text.encode())
    count = log_silent_handlers(tmp_path, "m.py", line_length)
    return count, path.read_bytes().decode()


def function(body: str) -> str:
    return HEAD + "def f(x):\n    try:\n        return int(x)\n    " + body


@pytest.mark.parametrize(
    ("body", "after"),
    [
        (
            "except OSError:\n        pass\n",
            'except OSError:\n        log.debug("OSError ignored in f", exc_info=True)\n',
        ),
        (
            "except Exception:\n        pass\n",
            'except Exception:\n        log.exception("exception ignored in f")\n',
        ),
        (
            "except Exception:\n        return 0\n",
            'except Exception:\n        log.debug("exception ignored in f", exc_info=True)\n'
            "        return 0\n",
        ),
        ("except:\n        ...\n", 'except:\n        log.exception("exception ignored in f")\n'),
        (
            "except (IOError, a.OSError):\n        return None  # as agreed\n",
            'except (IOError, a.OSError):\n        log.debug("IOError, a.OSError ignored in f", '
            "exc_info=True)\n"
            "        return None  # as agreed\n",
        ),
        (
            "except OSError: pass  # fine\n    return 0\n",
            'except OSError:\n        log.debug("OSError ignored in f", exc_info=True)  # fine\n'
            "    return 0\n",
        ),
        (
            "except OSError: return 'ä'\n",
            'except OSError:\n        log.debug("OSError ignored in f", exc_info=True)\n'
            "        return 'ä'\n",
        ),
        (
            "except OSError:\n        return [\n            1,\n        ]\n",
            'except OSError:\n        log.debug("OSError ignored in f", exc_info=True)\n'
            "        return [\n            1,\n        ]\n",
        ),
    ],
)
def test_a_call_is_put_in_and_the_rest_stays(tmp_path: Path, body: str, after: str) -> None:
    assert logged(tmp_path, function(body)) == (1, function(after))


def test_a_long_call_is_wrapped(tmp_path: Path) -> None:
    count, text = logged(tmp_path, function("except OSError:\n        pass  # note\n"), line_length=50)
    assert count == 1
    assert text == function(
        "except OSError:\n        # note\n        log.debug(\n"
        '            "OSError ignored in f", exc_info=True\n        )\n'
    )


@pytest.mark.parametrize(
    "body",
    [
        "except ValueError:\n        pass\n",
        "except (KeyError, OSError):\n        return None\n",
        "except FileNotFoundError:\n        return None\n",
        "except BadSignature:\n        return False\n",
        "except ImportError:\n        pass\n",
        "except StopIteration:\n        return None\n",
        "except OSError as e:\n        return e\n",
        "except OSError:\n        x = 1\n        return x\n",
        "except OSError:\n        raise\n",
        "except OSError:\n        log.info('no')\n",
        "except OSError:\n        pass\n    log = 1\n",
    ],
)
def test_what_speaks_or_needs_judgement_is_left_alone(tmp_path: Path, body: str) -> None:
    assert logged(tmp_path, function(body)) == (0, function(body))


BODY = "def f():\n    try:\n        g()\n    except OSError:\n        pass\n"
CALL = '        logger.debug("OSError ignored in f", exc_info=True)\n'
AFTER = BODY.replace("        pass\n", CALL)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            '"""Doc."""\n\nimport os\nfrom re import sub\n\n\n',
            '"""Doc."""\n\nimport logging\nimport os\nfrom re import sub\n\n'
            "logger = logging.getLogger(__name__)\n\n\n",
        ),
        (
            "import logging\nimport os\n\n\n",
            "import logging\nimport os\n\nlogger = logging.getLogger(__name__)\n\n\n",
        ),
        (
            '"""Doc."""\n\nfrom __future__ import annotations\n\n\n',
            '"""Doc."""\n\nfrom __future__ import annotations\n\nimport logging\n\n'
            "logger = logging.getLogger(__name__)\n\n\n",
        ),
        ('"""Doc."""\n\n\n', '"""Doc."""\n\nimport logging\n\nlogger = logging.getLogger(__name__)\n\n\n'),
        (
            "import sys\n\nif sys:\n    import os\nX = 1\nfrom . import a\n\nY = 2\n\n\n",
            "import logging\nimport sys\n\nif sys:\n    import os\nX = 1\nfrom . import a\n\n"
            "logger = logging.getLogger(__name__)\n\nY = 2\n\n\n",
        ),
        ("#!/bin/python\n", "#!/bin/python\nimport logging\n\nlogger = logging.getLogger(__name__)\n\n\n"),
    ],
)
def test_a_module_without_a_logger_gets_one(tmp_path: Path, before: str, after: str) -> None:
    assert logged(tmp_path, before + BODY) == (1, after + AFTER)


def test_a_module_that_means_something_else_by_logger_is_left_alone(tmp_path: Path) -> None:
    text = "from mine import logger\n\n" + BODY
    assert logged(tmp_path, text) == (0, text)


def test_line_ends_encoding_and_form_feeds_stay(tmp_path: Path) -> None:
    text = "# coding: latin-1\n\x0cimport logging\nlogger = logging.getLogger('é')\n" + BODY
    path = tmp_path / "m.py"
    path.write_bytes(text.replace("\n", "\r\n").encode("latin-1"))
    assert log_silent_handlers(tmp_path, "m.py", 88) == 1
    assert path.read_bytes().decode("latin-1") == text.replace("\n", "\r\n").replace(
        "        pass\r\n", CALL.replace("\n", "\r\n")
    )


def test_a_file_that_is_no_python_is_left_alone(tmp_path: Path) -> None:
    assert logged(tmp_path, "def f(:\n") == (0, "def f(:\n")


def test_a_handler_before_the_logger_needs_judgement() -> None:
    text = "try:\n    x = 1\nexcept OSError:\n    pass\nlogger = getLogger()\n"
    (handler,) = silent_handlers(Module("m.py", text, parse(text), "utf-8"))
    assert handler.obstacle == "it runs before there is a logger"


EXCEPTIONS = st.sampled_from(
    ["", " OSError", " Exception", " (IOError, OSError)", " ImportError", " OSError as e"]
)
BODIES = st.sampled_from(
    ["pass", "...", "return 1", "return (\n1)", "pass  # x", "return e", "raise", "x = 'ü'; pass"]
)
ONE_LINE = st.booleans()


@given(st.lists(st.tuples(EXCEPTIONS, BODIES, ONE_LINE), min_size=1, max_size=4), st.booleans())
def test_the_result_is_python_that_differs_in_log_calls_alone(
    tmp_path_factory: pytest.TempPathFactory, handlers: list[tuple[str, str, bool]], has_logger: bool
) -> None:
    parts = [HEAD if has_logger else "import os\n"]
    for number, (exceptions, body, one_line) in enumerate(handlers):
        gap = " " if one_line else "\n        "
        parts.append(f"def f{number}():\n    try:\n        g('ß')\n    except{exceptions}:{gap}{body}\n")
    root = tmp_path_factory.mktemp("m")
    before = "".join(parts)
    (root / "m.py").write_text(before, encoding="utf-8")
    module = read_module(root, "m.py")
    assert module is not None
    wanted = [h for h in silent_handlers(module) if not h.obstacle]
    assert log_silent_handlers(root, "m.py", 88) == len(wanted)
    after = read_module(root, "m.py")
    assert after is not None
    assert [h.obstacle for h in silent_handlers(after) if not h.obstacle] == []
    calls = after.text.count(".debug(") + after.text.count(".exception(")
    assert calls == len(wanted)


def test_a_module_that_is_nested_too_deeply_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text(f"x = {'+'.join('1' * 900)}\n", encoding="utf-8")
    assert read_module(tmp_path, "m.py") is None
