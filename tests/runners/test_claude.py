"""The Claude Code runner against a program that prints what Claude Code prints."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from factory.runners.base import AgentResult, Invocation, Status
from factory.runners.claude import ClaudeRunner
from factory.sandbox import SandboxRequest
from tests.support.agents import FakeCli
from tests.test_process import wait_until_gone

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["verdict"],
    "properties": {"verdict": {"type": "string", "enum": ["PROCEED", "ABORT"]}},
}
GO = {"verdict": "PROCEED"}
INIT = {"type": "system", "subtype": "init", "session_id": "s-1", "model": "claude-x", "tools": ["Read"]}


def said(text: str, number: int = 1, **more: Any) -> dict[str, Any]:
    """The model says something; 100 new tokens, 20 from the cache."""
    usage = {"input_tokens": 100, "cache_read_input_tokens": 20, "output_tokens": 1}
    content = [{"type": "text", "text": text}]
    message = {"id": f"m-{number}", "role": "assistant", "content": content, "usage": usage}
    return {"type": "assistant", "message": message, "session_id": "s-1", **more}


def tool_call(call: str = "t-1") -> dict[str, Any]:
    content = [{"type": "tool_use", "id": call, "name": "Bash", "input": {"command": "sleep 9"}}]
    return {"type": "assistant", "message": {"id": "m-9", "content": content}}


def tool_result(call: str = "t-1") -> dict[str, Any]:
    content = [{"type": "tool_result", "tool_use_id": call, "content": "ok"}]
    return {"type": "user", "message": {"role": "user", "content": content}}


def result(text: str = "all done", **more: Any) -> dict[str, Any]:
    """The last event; by default that of a success."""
    usage = {
        "inputTokens": 100,
        "outputTokens": 30,
        "cacheReadInputTokens": 20,
        "cacheCreationInputTokens": 5,
        "costUSD": 0.5,
    }
    return {
        "type": "result",
        "subtype": "success",
        "is_error": False,
        "result": text,
        "stop_reason": "end_turn",
        "total_cost_usd": 0.5,
        "usage": {},
        "modelUsage": {"claude-x": usage},
        **more,
    }


def failed(kind: str, message: str, http: int | None = None, **more: Any) -> list[dict[str, Any]]:
    """How Claude Code tells of its service's failures: a success that is an error."""
    told: dict[str, Any] = {
        "is_error": True,
        "api_error_status": http,
        "stop_reason": "stop_sequence",
        "modelUsage": {},
    }
    return [INIT, said(message, error=kind), result(message, **{**told, **more})]


@pytest.fixture
def cli(tmp_path: Path) -> FakeCli:
    return FakeCli(tmp_path, "claude")


@pytest.fixture
def asked(tmp_path: Path) -> Invocation:
    """A call of the Researcher."""
    (tmp_path / "work").mkdir()
    work, out = tmp_path / "work", tmp_path / "out"
    return Invocation("researcher", "the prompt\n", work, "read", out, timeout_s=20, env={"ROLE": "r"})


Run = Callable[..., AgentResult]


@pytest.fixture
def run(cli: FakeCli, asked: Invocation) -> Run:
    """Plays events, and returns what the runner makes of them."""

    def play(events: list[Any], *, schema: dict[str, Any] | None = None, **more: Any) -> AgentResult:
        cli.plays(events, **more)
        return ClaudeRunner(str(cli.path)).run(replace(asked, schema=schema))

    return play


def test_a_call_that_went_well(run: Run) -> None:
    done = run(
        [INIT, said("thinking"), {"type": "from a later version"}, "no json", said("all done", 2), result()]
    )
    assert replace(done, duration_s=0) == AgentResult(
        "done",
        "all done",
        tokens_in=125,
        tokens_cached=20,
        tokens_out=30,
        cost_usd=0.5,
        model="claude-x",
        session="s-1",
    )
    assert done.duration_s > 0


@pytest.mark.parametrize(
    ("events", "status", "error"),
    [
        (failed("authentication_failed", "API Error: 401 no", 401), "login", "API Error: 401 no"),
        (failed("authentication_failed", "Not logged in"), "login", "Not logged in"),
        (failed("rate_limit", "Request rejected (429)", 429), "transient", "Request rejected (429)"),
        (
            failed("rate_limit", "You've hit your limit", 429),
            "quota",
            "You've hit your limit",
        ),
        (failed("server_error", "API Error: 500", 500), "transient", "API Error: 500"),
        (failed("server_error", "API Error: 529", 529), "transient", "API Error: 529"),
        (
            failed("server_error", "Unable to connect (ECONNRESET)"),
            "transient",
            "Unable to connect (ECONNRESET)",
        ),
        (failed("overloaded", "?", 529), "transient", "?"),
        (failed("billing_error", "Credit balance is too low", 400), "quota", "Credit balance is too low"),
        (failed("max_output_tokens", "exceeded the maximum"), "limit", "exceeded the maximum"),
        (failed("invalid_request", "Prompt is too long", 400), "limit", "Prompt is too long"),
        (failed("model_not_found", "an issue with the model", 404), "missing", "an issue with the model"),
        (failed("unknown", "API Error: 400 odd", 400), "crashed", "API Error: 400 odd"),
        (failed("invalid_request", "cannot help", stop_reason="refusal"), "refused", "cannot help"),
        (
            [INIT, result("", subtype="error_max_turns", is_error=True, errors=["Reached maximum (3)"])],
            "limit",
            "Reached maximum (3)",
        ),
        ([INIT, result("hm", stop_reason=None)], "transient", "the model's answer broke off"),
        ([INIT, result("hm", stop_reason="tool_use")], "transient", "the model's answer broke off"),
        ([INIT, result(" ")], "garbled", "an empty answer"),
        ([INIT, said("so far")], "crashed", "it ended without a result: exit code 0"),
    ],
)
def test_what_events_say(run: Run, events: list[Any], status: Status, error: str) -> None:
    done = run(events)
    assert (done.status, done.error) == (status, error)


def test_an_account_at_its_limit_is_told_from_a_busy_service(run: Run) -> None:
    event = {"type": "rate_limit_event", "rate_limit_info": {"status": "rejected"}}
    assert run([event, *failed("rate_limit", "Request rejected (429)", 429)]).status == "quota"
    event = {"type": "rate_limit_event", "rate_limit_info": {"status": "allowed"}}
    assert run([event, *failed("rate_limit", "Request rejected (429)", 429)]).status == "transient"


@pytest.mark.parametrize(
    ("more", "status", "answer"),
    [
        (
            {"structured_output": GO, "stop_reason": "tool_use"},
            "done",
            {"verdict": "PROCEED"},
        ),
        ({}, "garbled", None),
        ({"structured_output": {"verdict": "MAYBE"}}, "garbled", None),
        ({"structured_output": {"verdict": "PROCEED", "more": 1}}, "garbled", None),
        ({"structured_output": "PROCEED"}, "garbled", None),
        ({"result": '{"verdict": "PROCEED"}'}, "garbled", None),
    ],
)
def test_only_an_answer_of_the_asked_form_is_one(
    run: Run, more: dict[str, Any], status: Status, answer: object
) -> None:
    done = run([INIT, result(**{"text": "PROCEED", **more} if "result" not in more else more)], schema=SCHEMA)
    assert (done.status, done.answer) == (status, answer)


def test_a_builder_need_not_say_anything(cli: FakeCli, asked: Invocation) -> None:
    cli.plays([INIT, result("")])
    assert ClaudeRunner(str(cli.path)).run(replace(asked, role="builder", access="write")).status == "done"


def test_a_crash_is_told_with_its_last_words(run: Run, asked: Invocation) -> None:
    done = run([INIT, said("half of it")], code=3, stderr="warning\nout of memory\n")
    assert (done.status, done.error) == ("crashed", "it ended without a result: out of memory")
    assert done.text == "half of it"
    assert (done.tokens_in, done.tokens_cached, done.tokens_out) == (120, 20, 1)
    assert (asked.output_dir / "stderr.txt").read_text() == "warning\nout of memory\n"


def test_the_time_limit_ends_the_tree_and_keeps_what_was_said(
    cli: FakeCli, asked: Invocation, tmp_path: Path
) -> None:
    cli.plays([INIT, said("so far")], hang=60, daemon=str(tmp_path / "pid"))
    done = ClaudeRunner(str(cli.path)).run(replace(asked, timeout_s=3))
    assert (done.status, done.text) == ("timeout", "so far")
    assert done.error == "it had not ended after 3 s"
    assert wait_until_gone(int((tmp_path / "pid").read_text()))
    assert ClaudeRunner(str(cli.path)).adopt(asked) is None


def test_a_result_counts_though_the_process_hangs_on(cli: FakeCli, asked: Invocation) -> None:
    cli.plays([INIT, result()], hang=60)
    assert ClaudeRunner(str(cli.path)).run(replace(asked, timeout_s=3)).status == "done"


def test_silence_of_the_model_is_given_up(cli: FakeCli, asked: Invocation) -> None:
    cli.plays([INIT, tool_call(), tool_result()], hang=60)
    started = time.monotonic()
    done = ClaudeRunner(str(cli.path), stall_s=3).run(asked)
    assert (done.status, done.error) == ("transient", "nothing came from the model for 3 s")
    assert time.monotonic() - started < 15


def test_a_tool_may_take_its_time(cli: FakeCli, asked: Invocation) -> None:
    cli.plays([INIT, tool_call()], hang=60)
    assert ClaudeRunner(str(cli.path), stall_s=4).run(replace(asked, timeout_s=9)).status == "timeout"


def test_a_child_that_ended_is_adopted(cli: FakeCli, asked: Invocation, run: Run) -> None:
    runner = ClaudeRunner(str(cli.path))
    assert runner.adopt(asked) is None
    done = run([INIT, result()])
    adopted = runner.adopt(replace(asked, prompt="", cwd=Path("/nowhere")))
    assert adopted is not None
    assert replace(adopted, duration_s=0) == replace(done, duration_s=0)


def test_a_program_that_is_not_there(asked: Invocation) -> None:
    runner = ClaudeRunner("no-such-claude")
    assert runner.missing() == "no-such-claude is not installed"
    assert runner.run(asked).status == "missing"


def test_a_reader_is_called_without_tools_that_write(cli: FakeCli, run: Run, asked: Invocation) -> None:
    run([INIT, result()])
    seen = cli.seen
    assert seen.stdin == "the prompt\n"
    assert seen.cwd == str(asked.cwd)
    assert "-p" in seen.argv
    assert seen.option("--output-format") == "stream-json"
    assert seen.option("--tools") == "Read,Grep,Glob"
    assert seen.option("--permission-mode") == "dontAsk"
    assert seen.option("--setting-sources") == ""
    assert {"--strict-mcp-config", "--disable-slash-commands", "--no-session-persistence"} <= set(seen.argv)
    assert not {"--model", "--json-schema", "--settings", "--allowedTools"} & set(seen.argv)


def test_the_builder_edits_and_has_a_shell(cli: FakeCli, asked: Invocation) -> None:
    cli.plays([INIT, result()])
    ClaudeRunner(str(cli.path)).run(
        replace(asked, role="builder", access="write", model="opus", schema=SCHEMA)
    )
    seen = cli.seen
    assert seen.option("--tools") == "Read,Grep,Glob,Edit,Write,Bash"
    assert (seen.option("--permission-mode"), seen.option("--allowedTools")) == ("acceptEdits", "Bash")
    assert seen.option("--model") == "opus"
    assert json.loads(seen.option("--json-schema")) == SCHEMA


def test_its_own_sandbox_is_for_the_builder_and_no_choice(cli: FakeCli, asked: Invocation) -> None:
    cli.plays([INIT, result()])
    runner = ClaudeRunner(str(cli.path), own_sandbox=True)
    runner.run(asked)
    assert "--settings" not in cli.seen.argv
    runner.run(replace(asked, role="builder", access="write"))
    assert json.loads(cli.seen.option("--settings")) == {
        "sandbox": {"enabled": True, "failIfUnavailable": True, "allowUnsandboxedCommands": False}
    }
    unavailable = {
        "subtype": "error_during_execution",
        "is_error": True,
        "errors": ["Sandbox required but …"],
    }
    cli.plays([result("", **unavailable)], code=1)
    done = runner.run(replace(asked, access="write"))
    assert (done.status, done.error) == ("missing", "Sandbox required but …")


def test_the_web_is_for_the_researcher_when_asked_for(cli: FakeCli, asked: Invocation) -> None:
    cli.plays([INIT, result()])
    runner = ClaudeRunner(str(cli.path), web=True)
    runner.run(asked)
    assert cli.seen.option("--tools") == "Read,Grep,Glob,WebSearch,WebFetch"
    assert cli.seen.option("--allowedTools") == "WebSearch,WebFetch"
    runner.run(replace(asked, role="strategist"))
    assert cli.seen.option("--tools") == "Read,Grep,Glob"


def test_the_environment_is_an_allow_list(
    cli: FakeCli, run: Run, monkeypatch: pytest.MonkeyPatch, factory_home: Path
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "gh")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent")
    monkeypatch.setenv("PIP_INDEX_URL", "https://user:password@example.org/")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    monkeypatch.setenv("CLAUDE_CODE_OAUTH_TOKEN", "long-lived")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:2")
    run([INIT, result()])
    seen = cli.seen
    kept_out = {"GITHUB_TOKEN", "SSH_AUTH_SOCK", "PIP_INDEX_URL", "ANTHROPIC_API_KEY", "FACTORY_HOME"}
    assert not kept_out & set(seen.env)
    assert "CLAUDE_CODE_OAUTH_TOKEN" not in seen.env
    assert seen.env["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:1"
    assert seen.env["https_proxy"] == "http://127.0.0.1:2"
    assert seen.env["ROLE"] == "r"
    assert seen.env["CLAUDE_CODE_MAX_RETRIES"] == "0"
    home = Path(seen.env["HOME"])
    assert home.is_relative_to(factory_home / "agents")
    assert Path(seen.env["TMPDIR"]).parent == home.parent
    assert seen.home == [".factory-key"]
    assert json.loads(seen.option("--settings")) == {"apiKeyHelper": f"cat {home}/.factory-key"}
    assert list((factory_home / "agents").iterdir()) == []


def login(private_home: Path, text: str) -> Path:
    place = private_home / ".claude" / ".credentials.json"
    place.parent.mkdir()
    place.write_text(text)
    return place


def test_a_login_is_lent_and_a_renewed_one_kept(cli: FakeCli, asked: Invocation, private_home: Path) -> None:
    place = login(private_home, '{"token": "old"}')
    cli.plays([INIT, result()], write={".claude/.credentials.json": '{"token": "new"}'})
    ClaudeRunner(str(cli.path)).run(asked)
    assert cli.seen.home == [".claude/.credentials.json"]
    assert "--settings" not in cli.seen.argv
    assert place.read_text() == '{"token": "new"}'


def test_a_token_is_lent_where_there_is_no_key_and_in_place_of_the_login(
    cli: FakeCli, asked: Invocation, private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    login(private_home, '{"token": "old"}')
    monkeypatch.setenv("CLAUDE_CODE_OAUTH_TOKEN", "long-lived")
    cli.plays([INIT, result()])
    ClaudeRunner(str(cli.path)).run(asked)
    assert cli.seen.env["CLAUDE_CODE_OAUTH_TOKEN"] == "long-lived"
    assert cli.seen.home == []


def test_what_an_agent_with_a_shell_makes_of_the_login_is_not_kept(
    cli: FakeCli, asked: Invocation, private_home: Path
) -> None:
    place = login(private_home, '{"token": "old"}')
    cli.plays([INIT, result()], write={".claude/.credentials.json": '{"token": "stranger"}'})
    ClaudeRunner(str(cli.path)).run(replace(asked, access="write"))
    assert place.read_text() == '{"token": "old"}'


def test_a_damaged_login_is_not_kept(cli: FakeCli, asked: Invocation, private_home: Path) -> None:
    place = login(private_home, '{"token": "old"}')
    cli.plays([INIT, result()], write={".claude/.credentials.json": '{"tok'})
    ClaudeRunner(str(cli.path)).run(asked)
    assert place.read_text() == '{"token": "old"}'


def test_what_a_killed_factory_left_is_swept(run: Run, factory_home: Path) -> None:
    left, busy = (
        factory_home / "agents" / "999999999-0a1b2c3d",
        factory_home / "agents" / f"{os.getppid()}-0a1b2c3d",
    )
    for folder in (left, busy):
        (folder / "home").mkdir(parents=True)
    run([INIT, result()])
    assert list((factory_home / "agents").iterdir()) == [busy]


def test_the_sandbox_gets_the_command_line_and_what_it_may_touch(cli: FakeCli, asked: Invocation) -> None:
    cli.plays([INIT, result()])
    requests: list[SandboxRequest] = []

    def wrap(argv: Any, request: SandboxRequest) -> list[str]:
        requests.append(request)
        return ["env", "INSIDE=yes", *argv]

    assert ClaudeRunner(str(cli.path), wrap=wrap).run(asked).status == "done"
    seen = cli.seen
    assert seen.env["INSIDE"] == "yes"
    assert [(r.workspace, r.access, str(r.home), str(r.tmp)) for r in requests] == [
        (asked.cwd, "read", seen.env["HOME"], seen.env["TMPDIR"])
    ]
