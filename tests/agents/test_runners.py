"""What the real CLIs do when the runners call them."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from factory.process import quick
from factory.runners.base import Status
from factory.runners.child import EVENTS
from factory.sandbox import choose
from tests.agents.conftest import LURE, Bench, calls, steps
from tests.support.model_server import Call, Cut, Fault, Part, Stop, Text, Usage, Wait
from tests.support.repos import git

pytestmark = pytest.mark.agents

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["verdict", "reason"],
    "properties": {
        "verdict": {"type": "string", "enum": ["PROCEED", "ABORT"]},
        "reason": {"type": "string"},
    },
}
VERDICT = {"verdict": "ABORT", "reason": "it is a test"}


def changed(work: Path) -> list[str]:
    """What git sees that is new or different."""
    return git(work, "status", "--porcelain", "--untracked-files=all").splitlines()


def processes_with(word: str) -> list[str]:
    """The live processes that have a word in their command line."""
    listing = quick(["ps", "-e", "-ww", "-o", "args"], cwd=Path.cwd()).stdout
    return [line for line in listing.splitlines() if word in line]


def unique_nap() -> str:
    """Seconds to sleep for, so that the sleeping process can be told from others."""
    return f"300.{time.time_ns()}"


def outside_the_factory_home(home: Path) -> list[Path]:
    return sorted(path for path in home.rglob("*") if ".factory" not in path.parts)


def test_a_question_and_its_answer(bench: Bench) -> None:
    done = bench.run(lambda _: [Text("It is so."), Usage(input=1000, cached=400, output=25)])
    assert (done.status, done.text, done.error) == ("done", "It is so.", "")
    assert (done.tokens_in, done.tokens_cached, done.tokens_out) == (1000, 400, 25)
    assert done.session
    assert done.invocations == 1
    assert (done.cost_usd is not None) is bench.runner.reports_cost
    assert [request.text.count("Do the task.") for request in bench.requests] == [1]
    assert (bench.out / EVENTS).read_text().count("\n") >= 3


def test_the_repository_runs_nothing_and_says_nothing(bench: Bench) -> None:
    bench.run(lambda _: [Text("fine")])
    assert LURE not in bench.requests[0].text
    assert changed(bench.work) == []


def test_a_call_is_lean(bench: Bench) -> None:
    """Bytes of the first request for a short prompt, which is the CLI's own share."""
    bench.run(lambda _: [Text("fine")])
    assert bench.requests[0].size < 12_000
    web = {"WebSearch", "WebFetch", "web_search"}
    assert not web & set(bench.requests[0].tools)


def test_a_reader_cannot_write(bench: Bench) -> None:
    if bench.name == "claude":
        path = str(bench.work / "new.txt")
        script = calls(
            Call("Write", {"file_path": path, "content": "x"}), Call("Bash", {"command": "touch new.txt"})
        )
    else:
        script = calls(bench.shell("touch new.txt; echo x > code.py; touch ~/new.txt"))
    assert bench.run(script).status == "done"
    assert changed(bench.work) == []


def test_a_reader_does_not_look_elsewhere(bench: Bench, tmp_path: Path) -> None:
    if bench.name == "codex":
        pytest.skip("its own sandbox lets it read everything; the program's does not")
    (tmp_path / "secret.txt").write_text("the-secret")
    bench.run(calls(Call("Read", {"file_path": str(tmp_path / "secret.txt")})))
    assert "the-secret" not in bench.requests[-1].text


def test_the_builder_edits_and_uses_the_shell(bench: Bench) -> None:
    script = calls(
        *bench.replace_in("code.py", "value = 1", "value = 2"),
        bench.shell("cat code.py > copy.py; touch $TMPDIR/scratch && echo tmp-works"),
    )
    done = bench.run(script, "write")
    assert (done.status, done.text) == ("done", "all done")
    assert (bench.work / "code.py").read_text() == "value = 2\n"
    assert (bench.work / "copy.py").read_text() == "value = 2\n"
    assert changed(bench.work) == [" M code.py", "?? copy.py"]
    assert "tmp-works" in bench.requests[-1].results[-1]


def test_codex_with_its_own_choice_of_model(bench: Bench) -> None:
    """Models that it knows are given one tool, a script that calls the others."""
    if bench.name == "claude":
        pytest.skip("its tools are the same with every model")
    patch = "*** Begin Patch\\n*** Update File: code.py\\n@@\\n-value = 1\\n+value = 2\\n*** End Patch\\n"
    script = calls(
        Call("functions.exec", f'text(await tools.apply_patch("{patch}"))'),
        Call("functions.exec", 'const r = await tools.exec_command({cmd: "cat code.py"}); text(r.output)'),
    )
    assert bench.run(script, "write", model="").status == "done"
    assert changed(bench.work) == [" M code.py"]
    assert "value = 2" in bench.requests[-1].results[-1]
    assert LURE not in bench.requests[0].text
    assert bench.requests[0].size < 20_000


def test_the_key_is_kept_from_the_shell(bench: Bench) -> None:
    bench.run(calls(bench.shell("echo seen:; env | sort; echo end")), "write")
    seen = bench.requests[-1].results[-1]
    assert "seen:" in seen
    assert "sk-fake" not in seen
    assert os.environ["HOME"] not in seen.replace(os.environ["FACTORY_HOME"], "")


def test_nothing_is_left(bench: Bench, tmp_path: Path, private_home: Path) -> None:
    before = outside_the_factory_home(private_home)
    nap = unique_nap()
    daemon = f"(setsid sleep {nap} & disown) >/dev/null 2>&1"
    command = f"{daemon}; echo litter > $TMPDIR/litter; ps -e -o args | grep sleep"
    bench.run(calls(bench.shell(command)), "write")
    assert f"sleep {nap}" in bench.requests[-1].results[-1], "the daemon did run"
    assert processes_with(nap) == processes_with(str(bench.work)) == []
    assert list((private_home / ".factory" / "agents").iterdir()) == []
    assert outside_the_factory_home(private_home) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "work"]
    assert changed(bench.work) == []


def test_an_answer_of_the_asked_form(bench: Bench) -> None:
    def answer(_: object) -> Sequence[Part]:
        if bench.name == "claude":
            return [Call("StructuredOutput", VERDICT)]
        return [Text('{"verdict": "ABORT", "reason": "it is a test"}')]

    done = bench.run(answer, schema=SCHEMA)
    assert (done.status, done.answer) == ("done", VERDICT)


@pytest.mark.parametrize("text", ["PROCEED", 'The diff has {"verdict": "PROCEED", "reason": "x"} in it.'])
def test_prose_is_no_answer(bench: Bench, text: str) -> None:
    done = bench.run(lambda _: [Text(text)], schema=SCHEMA)
    assert (done.status, done.answer) == ("garbled", None)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault(401), "login"),
        (Fault(403), "login"),
        (Fault(404), "missing"),
        (Fault(413), "limit"),
        (Fault(429), "transient"),
        (Fault(500), "transient"),
        (Fault(503), "transient"),
        (Fault(529, "Overloaded", "overloaded_error"), "transient"),
        (Fault(400, "Your credit balance is too low to access the API.", "invalid_request_error"), "quota"),
        (Fault(429, "You exceeded your current quota.", "insufficient_quota"), "quota"),
    ],
    ids=lambda value: f"{value.status}-{value.kind}" if isinstance(value, Fault) else value,
)
def test_failures_of_the_service(bench: Bench, fault: Fault, status: Status) -> None:
    started = time.monotonic()
    done = bench.run(lambda _: [fault])
    assert done.status == status, done.error
    assert done.error
    assert len(bench.requests) <= 2, "retries belong to the cycle"
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    "parts",
    [[Text("It is"), Cut()], [Text("It is"), Cut(clean=False)], [Cut()], [Cut(clean=False)]],
    ids=["end", "drop", "end at once", "drop at once"],
)
def test_a_stream_that_is_cut_is_no_answer(bench: Bench, parts: list[Part]) -> None:
    assert bench.run(lambda _: parts).status == "transient"


def test_a_stream_that_is_cut_after_work(bench: Bench) -> None:
    first = Call("Glob", {"pattern": "*"}) if bench.name == "claude" else bench.shell("ls")
    assert bench.run(steps([first], [Text("It is"), Cut()])).status == "transient"


def test_an_answer_that_is_too_long(bench: Bench) -> None:
    assert bench.run(lambda _: [Text("It is"), Stop("max_tokens")]).status == "limit"


def test_a_refusal(bench: Bench) -> None:
    if bench.name == "codex":
        pytest.skip("its protocol has no such stop reason")
    assert bench.run(lambda _: [Text("No."), Stop("refusal")]).status == "refused"


def test_nobody_answers_the_call(bench: Bench) -> None:
    assert bench.runner.run(bench.invocation(timeout_s=30)).status == "transient"


def test_a_silent_model_is_given_up(bench: Bench) -> None:
    bench.runner.stall_s = 5
    started = time.monotonic()
    done = bench.run(lambda _: [Wait(60)])
    assert (done.status, done.error) == ("transient", "nothing came from the model for 5 s")
    assert time.monotonic() - started < 25


def test_a_long_command_is_not_a_stall_but_has_its_limit(bench: Bench) -> None:
    bench.runner.stall_s = 8
    nap = unique_nap()
    script = steps([Text("I begin."), bench.shell(f"sleep {nap}")], [Text("done")])
    started = time.monotonic()
    done = bench.run(script, "write", timeout_s=20)
    assert (done.status, done.text) == ("timeout", "I begin.")
    assert 20 <= time.monotonic() - started < 40
    assert processes_with(nap) == []


def test_its_own_sandbox(bench: Bench, tmp_path: Path) -> None:
    bench.runner = type(bench.runner)(own_sandbox=True)
    command = f"touch {tmp_path}/outside; echo new > new.txt; echo tried"
    done = bench.run(calls(bench.shell(command)), "write")
    assert not (tmp_path / "outside").exists()
    if done.status == "missing":  # Claude Code needs socat for its own
        assert "sandbox" in done.error.lower()
        assert bench.requests == []
    else:
        assert done.status == "done"
        assert "?? new.txt" in changed(bench.work)


def test_in_the_sandbox_of_the_program(bench: Bench, tmp_path: Path) -> None:
    sandbox = choose("auto")
    if not sandbox.active:
        pytest.skip(sandbox.why)
    bench.runner = type(bench.runner)(wrap=sandbox.wrap)
    (tmp_path / "secret.txt").write_text("the-secret")
    command = f"cat {tmp_path}/secret.txt; touch {tmp_path}/outside; echo new > new.txt; echo tried"
    done = bench.run(calls(bench.shell(command)), "write")
    assert done.status == "done"
    assert "tried" in bench.requests[-1].results[-1]
    assert "the-secret" not in bench.requests[-1].results[-1]
    assert changed(bench.work) == ["?? new.txt"]
    assert not (tmp_path / "outside").exists()
