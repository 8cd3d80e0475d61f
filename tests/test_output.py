"""What is printed, where it goes, and that it cannot steer a terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from factory import models, output
from factory.errors import BadInput, Refused

REPOSITORY = Path(__file__).parent.parent


def in_terminal(code: str, answers: str = "", after: str = "", **env: str) -> tuple[int, str]:
    """Runs Python code in a real terminal and types the answers, at once or when ``after`` is shown.

    Returns the exit code and what was shown.
    """
    leader, follower = pty.openpty()
    clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FACTORY_ROLE", "COLUMNS")}
    child = subprocess.Popen(
        [sys.executable, "-c", f"from factory import output\n{code}"],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=REPOSITORY,
        env=clean | {"TERM": "xterm", "COLUMNS": "80"} | env,
    )
    os.close(follower)
    waiting = answers.encode()
    shown = b""
    if not after:
        os.write(leader, waiting)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and select.select([leader], [], [], 30)[0]:
        try:
            chunk = os.read(leader, 65536)
        except OSError:  # Linux: the other side has been closed
            break
        if not chunk:
            break
        shown += chunk
        if after and after.encode() in shown:
            os.write(leader, waiting)
            after = ""
    os.close(leader)
    return child.wait(30), shown.decode().replace("\r\n", "\n")


class TestPrintable:
    def test_escape_sequences_become_visible(self) -> None:
        assert output.printable("a\x1b[2Jb\x07\x9b1m\r\u202ec\td\ne") == (
            "a\\x1b[2Jb\\x07\\x9b1m\\x0d\\u202ec\td\ne"
        )

    def test_ordinary_text_stays(self) -> None:
        assert output.printable("é 漢字 🙂 — tab\tline\n") == "é 漢字 🙂 — tab\tline\n"

    def test_windows_line_ends_are_no_attack(self) -> None:
        assert output.printable("a\r\nb") == "a\nb"


class TestPlain:
    def test_say_and_note(self, capsys: pytest.CaptureFixture[str]) -> None:
        output.say("result\x1b[0m")
        output.note("aside")
        assert capsys.readouterr() == ("result\\x1b[0m\n", "aside\n")

    def test_a_stream_without_utf8(self, monkeypatch: pytest.MonkeyPatch) -> None:
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
        output.say("é → ok")
        assert raw.getvalue() == b"\\xe9 \\u2192 ok\n"

    def test_json(self, capsys: pytest.CaptureFixture[str]) -> None:
        @dataclass
        class Inner:
            path: Path

        review = models.CommandResult(name="n", command="c", exit_code=0)
        output.emit_json({"b": Inner(Path("/x")), "a": review, "s": {"\x9b"}})
        shown = capsys.readouterr().out
        assert json.loads(shown) == {
            "b": {"path": "/x"},
            "a": {"name": "n", "command": "c", "exit_code": 0, "output": "", "complete": True},
            "s": ["\x9b"],
        }
        assert shown.isascii()

    def test_error(self, capsys: pytest.CaptureFixture[str]) -> None:
        output.error(BadInput("Wrong.", "Do right."), Path("/log"))
        output.error(BadInput("Wrong."))
        assert capsys.readouterr() == (
            "",
            "factory: Wrong.\n  Do right.\n  Log: /log\nfactory: Wrong.\n",
        )

    def test_an_error_tells_no_secret(self, capsys: pytest.CaptureFixture[str]) -> None:
        output.error(BadInput("git: no https://me:hunter22@host/p", "Try https://me:hunter22@host/q"))
        assert capsys.readouterr().err == (
            "factory: git: no https://[redacted]@host/p\n  Try https://[redacted]@host/q\n"
        )

    def test_markdown_stays_as_it_is(self, capsys: pytest.CaptureFixture[str]) -> None:
        output.markdown("# T\n\n- *a*\n")
        assert capsys.readouterr().out == "# T\n\n- *a*\n"

    def test_rich_is_not_imported(self) -> None:
        code = (
            "import sys; from factory import output\n"
            "output.table(['a'], [['b']]); output.markdown('x'); output.error(output.FactoryError('m'))\n"
            "with output.Progress() as p: p.step_started('s'); p.step_finished('s', 1)\n"
            "print([m for m in ('rich', 'pydantic', 'structlog') if m in sys.modules])"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
        )
        assert done.stdout.splitlines()[-1] == "[]"


def test_a_long_line_is_broken_between_words() -> None:
    line = "   2.5s  the file is not committed, see `git status --short`: it was left averyveryverylongword"
    assert output.broken(line, 30) == [
        "   2.5s  the file is not",
        "     committed, see",
        "     `git status --short`: it",
        "     was left",
        "     averyveryverylongword",
    ]
    assert output.broken("short", 30) == ["short"]
    path = "file:     /a/path/as/long/as/it/can/be to see"
    assert output.broken(path, 30) == ["file:", "  /a/path/as/long/as/it/can/be", "  to see"]
    assert output.broken(path, 29) == ["file:     /a/path/as/long/as/it/can/be", "  to see"]
    for copied in ("next: git add a b c", "  git -C x commit -m Start", '{"a": "b c d e f g"}'):
        assert output.broken(copied, 10) == [copied]


class TestTable:
    def test_aligned_text(self, capsys: pytest.CaptureFixture[str]) -> None:
        output.table(
            ["id", "hypothesis", "score"], [[1, "Fix\x1b it", 0.5], [12, "Two\nlines", None]], "History"
        )
        assert capsys.readouterr().out == (
            "History\nid  hypothesis  score\n--  ----------  -----\n 1  Fix\\x1b it    0.5\n12  Two lines\n"
        )

    def test_long_cells_go_on_within_80_columns(self, capsys: pytest.CaptureFixture[str]) -> None:
        text = "word " * 40
        output.table(["id", "text", "more"], [["1", text, "x" * 30]])
        lines = capsys.readouterr().out.splitlines()
        assert max(map(len, lines)) <= 80
        assert "\n".join(lines).count("word") == 40
        assert "x" * 30 in "\n".join(lines)

    def test_without_rows(self, capsys: pytest.CaptureFixture[str]) -> None:
        output.table(["id", "text"], [])
        assert capsys.readouterr().out == "id  text\n--  ----\n"

    def test_more_columns_than_fit_still_print(self, capsys: pytest.CaptureFixture[str]) -> None:
        output.table([f"column{n}" for n in range(20)], [["some long cell"] * 20])
        assert "column19" in capsys.readouterr().out

    def test_prose_gives_way_before_words_are_broken(self, capsys: pytest.CaptureFixture[str]) -> None:
        output.table(["setting", "value"], [["strategy.stuck_threshold", "word " * 40], ["x", "y" * 24]])
        lines = capsys.readouterr().out.splitlines()
        assert lines[2].startswith("strategy.stuck_threshold  word ")
        assert max(map(len, lines)) <= 80

    def test_where_its_words_do_not_fit_each_row_is_a_block_of_lines(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(output, "is_terminal", lambda _: True)
        monkeypatch.setattr(output, "_width", lambda _: 22)
        output.table(
            ["verdict", "reason", "text"], [["revert", "new_failures", "Fix all of them"], ["", "", "x"]]
        )
        assert capsys.readouterr().out == (
            "verdict: revert\nreason: new_failures\ntext: Fix all of them\n\ntext: x\n\n"
        )

    def test_without_room_for_lines_between_its_columns_it_is_aligned_text(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(output, "is_terminal", lambda _: True)
        monkeypatch.setattr(output, "_width", lambda _: 16)
        output.table(["id", "calls", "cost"], [["1", "12", "~0.25"]])
        assert capsys.readouterr().out == "id  calls  cost\n--  -----  -----\n 1     12  ~0.25\n"

    def test_drawn_in_a_terminal(self) -> None:
        code, shown = in_terminal("output.table(['id', 'text'], [[1, '[bold]a[/bold] \\x1b[5m']], 'T')")
        assert code == 0
        assert "━" in shown or "─" in shown
        assert "[bold]a[/bold] \\x1b[5m" in shown

    def test_no_color(self) -> None:
        _, shown = in_terminal("output.markdown('# Title\\n\\n`code`')", NO_COLOR="1")
        assert "Title" in shown
        assert "\x1b[3" not in shown.replace("\x1b[3m", "")


class TestQuestions:
    def test_without_a_terminal_nobody_is_asked(self) -> None:
        with pytest.raises(Refused, match=r"^This needs a person's answer, and there is no terminal: Go\?$"):
            output.confirm("Go?")

    def test_an_agent_is_not_asked_even_in_a_terminal(self) -> None:
        code, shown = in_terminal("output.confirm('Go?')", "y\n", FACTORY_ROLE="builder")
        assert code == 1
        assert "Only a person can answer this, not an agent: Go?" in shown

    @pytest.mark.parametrize(
        ("typed", "answer"), [("y\n", True), ("YES\n", True), ("\n", False), ("n\n", False)]
    )
    def test_confirming(self, typed: str, answer: bool) -> None:
        _, shown = in_terminal("print('=' + str(output.confirm('Push?')))", typed, "[y/N] ")
        assert "Push? [y/N]" in shown
        assert f"={answer}" in shown

    def test_end_of_input_is_no_answer(self) -> None:
        code, shown = in_terminal("output.confirm('Push?')", "\x04", "[y/N] ")
        assert code == 1
        assert "No answer was given: Push?" in shown


class TestProgress:
    def test_plain_lines(self, capsys: pytest.CaptureFixture[str]) -> None:
        with output.Progress() as progress:
            progress.step_started("study")
            progress.step_finished("study", 0.42)
            progress.step_finished("build\x1b", 185.4, 12345, "3 of 12 invocations")
            progress.warn("2 invocations left")
            progress.detail("running the tests")
            progress.event("unseen", x=1)
        assert capsys.readouterr() == (
            "",
            "   0.4s  study\n"
            "  3m05s  build\\x1b  (12,345 tokens, 3 of 12 invocations)\n"
            "warning: 2 invocations left\n",
        )

    def test_json_lines(self, capsys: pytest.CaptureFixture[str]) -> None:
        with output.Progress(as_json=True) as progress:
            progress.step_started("study")
            progress.detail("running the tests")
            progress.step_finished("study", 0.42, 7, "b")
            progress.warn("w")
            progress.say("s")
            progress.event("verdict", id=3)
        shown = capsys.readouterr()
        assert shown.err == ""
        assert [json.loads(line) for line in shown.out.splitlines()] == [
            {"event": "warning", "text": "w"},
            {"event": "note", "text": "s"},
            {"event": "verdict", "id": 3},
        ]

    def test_a_spinner_in_a_terminal(self) -> None:
        code, shown = in_terminal(
            "import time\n"
            "with output.Progress() as p:\n"
            "    p.step_started('building [bold] \\x1b ' + 'x' * 200); time.sleep(0.3)\n"
            "    p.step_finished('build', 1.0)\n"
            "    p.step_started('measure'); p.detail('running the tests'); time.sleep(0.3)\n"
            "    p.step_finished('measure', 2.0)\n"
            "    p.detail('on its own'); time.sleep(0.3)\n",
        )
        assert code == 0
        assert "building [bold] \\x1b" in shown
        assert "   1.0s  build\n" in shown
        assert "measure: running the tests" in shown
        assert "   2.0s  measure\n" in shown
        assert " on its own" in shown
        assert shown.rstrip().endswith("\x1b[?25h") or shown.count("\x1b[?25l") == shown.count("\x1b[?25h")

    def test_a_reader_that_goes_away_does_not_stop_the_cycle(self) -> None:
        code = (
            "from factory import output\n"
            "with output.Progress(as_json=True) as p:\n"
            "    for n in range(5000): p.event('e', n=n)\n"
            "import os, sys; os.dup2(os.open(os.devnull, os.O_WRONLY), 1); sys.exit(7)"
        )
        child = subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        child.stdout.close()
        assert child.wait(30) == 7


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0s"), (9.94, "9.9s"), (9.96, "10s"), (59.6, "1m00s"), (185, "3m05s"), (3725, "1h02m")],
)
def test_duration(seconds: float, text: str) -> None:
    assert output.duration(seconds) == text
