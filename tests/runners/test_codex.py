"""The Codex runner against a program that prints what Codex prints."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from factory.runners.base import AgentResult, Invocation, Status
from factory.runners.codex import CodexRunner
from tests.support.agents import FakeCli, Seen

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["verdict"],
    "properties": {"verdict": {"type": "string", "enum": ["PROCEED", "ABORT"]}},
}
START = [{"type": "thread.started", "thread_id": "t-1"}, {"type": "turn.started"}]
WARNING = {"type": "item.completed", "item": {"id": "i", "type": "error", "message": "no metadata, 429"}}
DONE = {
    "type": "turn.completed",
    "usage": {"input_tokens": 900, "cached_input_tokens": 300, "output_tokens": 40},
}


def said(text: str) -> dict[str, Any]:
    return {"type": "item.completed", "item": {"id": "item_1", "type": "agent_message", "text": text}}


def command(kind: str) -> dict[str, Any]:
    return {"type": f"item.{kind}", "item": {"id": "item_2", "type": "command_execution", "command": "sleep"}}


def failed(message: str) -> list[dict[str, Any]]:
    return [
        *START,
        {"type": "error", "message": message},
        {"type": "turn.failed", "error": {"message": message}},
    ]


@pytest.fixture
def cli(tmp_path: Path) -> FakeCli:
    return FakeCli(tmp_path, "codex")


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
        return CodexRunner(str(cli.path)).run(replace(asked, schema=schema))

    return play


def config(seen: Seen) -> dict[str, Any]:
    """The settings given by ``-c``, read as Codex reads them."""
    given = [value for name, value in zip(seen.argv, seen.argv[1:], strict=False) if name == "-c"]
    return tomllib.loads("\n".join(given))


def test_a_call_that_went_well(run: Run) -> None:
    done = run([*START, WARNING, said("thinking"), {"type": "later"}, "no json", said("all done"), DONE])
    assert replace(done, duration_s=0) == AgentResult(
        "done", "all done", tokens_in=900, tokens_cached=300, tokens_out=40, session="t-1"
    )


@pytest.mark.parametrize(
    ("events", "status"),
    [
        (failed("unexpected status 401 Unauthorized: no, url: http://x/"), "login"),
        (failed("exceeded retry limit, last status: 429 Too Many Requests"), "transient"),
        (failed("We’re currently experiencing high demand"), "transient"),
        (failed("unexpected status 529 <unknown status code>: no"), "transient"),
        (failed("unexpected status 503 Service Unavailable: no"), "transient"),
        (failed("stream disconnected before completion: stream closed"), "transient"),
        (failed("Connection failed: error sending request"), "transient"),
        (failed("Quota exceeded. Check your plan and billing details."), "quota"),
        (failed("You’ve hit your usage limit. Try again later."), "quota"),
        (failed("Incomplete response returned, reason: max_output_tokens"), "limit"),
        (failed("unexpected status 413 Payload Too Large: no"), "limit"),
        (failed("unexpected status 404 Not Found: no"), "missing"),
        (failed('{"error": {"message": "odd"}}'), "crashed"),
        ([*START, {"type": "error", "message": "Connection failed"}], "transient"),
        ([*START, said("so far")], "crashed"),
        ([*START, said(""), DONE], "garbled"),
        ([*START, DONE], "garbled"),
    ],
)
def test_what_events_say(run: Run, events: list[Any], status: Status) -> None:
    assert run(events).status == status


def test_usage_of_a_failed_turn_is_unknown_and_not_nothing(run: Run) -> None:
    done = run(failed("high demand"))
    assert (done.tokens_in, done.tokens_out, done.cost_usd, done.invocations) == (None, None, None, 1)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ('{"verdict": "PROCEED"}', "done"),
        ('```json\n{"verdict": "PROCEED"}\n```\n', "done"),
        ("PROCEED", "garbled"),
        ('The diff says {"verdict": "PROCEED"}', "garbled"),
        ('```diff\n+{"verdict": "PROCEED"}\n```', "garbled"),
        ('{"verdict": "MAYBE"}', "garbled"),
        ('{"verdict": "PROCEED", "more": 1}', "garbled"),
        ("{}", "garbled"),
        ('["PROCEED"]', "garbled"),
    ],
)
def test_only_a_whole_answer_of_the_asked_form_is_one(run: Run, text: str, status: Status) -> None:
    done = run([*START, said('{"verdict": "ABORT"}'), said(text), DONE], schema=SCHEMA)
    assert (done.status, done.answer) == (status, {"verdict": "PROCEED"} if status == "done" else None)


def test_a_crash_is_told_with_its_last_words(run: Run) -> None:
    done = run([], code=1, stderr="Error loading config.toml: unknown field\n")
    assert (done.status, done.error) == (
        "crashed",
        "it ended without a result: Error loading config.toml: unknown field",
    )


def test_the_time_limit_keeps_what_was_said(cli: FakeCli, asked: Invocation) -> None:
    cli.plays([*START, said("one"), said("two"), command("started")], hang=60)
    done = CodexRunner(str(cli.path), stall_s=4).run(replace(asked, timeout_s=9))
    assert (done.status, done.text, done.error) == ("timeout", "one\n\ntwo", "it had not ended after 9 s")


def test_silence_of_the_model_is_given_up(cli: FakeCli, asked: Invocation) -> None:
    cli.plays([*START, command("started"), command("completed")], hang=60)
    assert CodexRunner(str(cli.path), stall_s=3).run(asked).status == "transient"


def test_a_child_that_ended_is_adopted(cli: FakeCli, asked: Invocation, run: Run) -> None:
    runner = CodexRunner(str(cli.path))
    assert runner.adopt(asked) is None
    done = run([*START, said("all done"), DONE])
    adopted = runner.adopt(replace(asked, prompt=""))
    assert adopted is not None
    assert replace(adopted, duration_s=0) == replace(done, duration_s=0)


def test_a_program_that_is_not_there(asked: Invocation) -> None:
    runner = CodexRunner("no-such-codex")
    assert runner.missing() == "no-such-codex is not installed"
    assert runner.run(asked).status == "missing"


def test_how_a_reader_is_called(cli: FakeCli, run: Run, asked: Invocation) -> None:
    run([*START, said("x"), DONE])
    seen = cli.seen
    assert seen.argv[:2] == ["exec", "--json"]
    assert seen.argv[-1] == "-"
    assert seen.stdin == "the prompt\n"
    assert seen.cwd == str(asked.cwd)
    assert seen.option("--sandbox") == "read-only"
    assert {"--ignore-user-config", "--ignore-rules", "--ephemeral", "--skip-git-repo-check"} <= set(
        seen.argv
    )
    settings = config(seen)
    assert settings["project_doc_max_bytes"] == 0
    assert settings["agents"] == {"enabled": False}
    assert settings["web_search"] == "disabled"
    assert settings["features"]["unbounded_connection_retries"] is False
    assert settings["shell_environment_policy"]["inherit"] == "core"
    assert settings["shell_environment_policy"]["set"]["ROLE"] == "r"
    provider = settings["model_providers"][settings["model_provider"]]
    assert (provider["request_max_retries"], provider["stream_max_retries"]) == (0, 0)
    assert "base_url" not in provider
    assert seen.home == ["instructions.md"]


def test_how_the_builder_is_called(cli: FakeCli, asked: Invocation) -> None:
    cli.plays([*START, DONE])
    builder = replace(asked, role="builder", access="write", model="gpt", schema=SCHEMA)
    CodexRunner(str(cli.path)).run(builder)
    seen = cli.seen
    assert seen.option("--sandbox") == "workspace-write"
    assert seen.option("--model") == "gpt"
    assert seen.option("--output-schema") == f"{seen.env['HOME']}/schema.json"
    assert config(seen)["sandbox_workspace_write"] == {
        "exclude_slash_tmp": True,
        "exclude_tmpdir_env_var": False,
        "network_access": False,
    }


def test_in_another_sandbox_its_own_is_off(cli: FakeCli, asked: Invocation) -> None:
    cli.plays([*START, DONE])
    CodexRunner(str(cli.path), wrap=lambda argv, _: list(argv)).run(asked)
    assert cli.seen.option("--sandbox") == "danger-full-access"
    CodexRunner(str(cli.path), wrap=lambda argv, _: list(argv), own_sandbox=True).run(asked)
    assert cli.seen.option("--sandbox") == "read-only"


def test_the_web_is_for_the_researcher_when_asked_for(cli: FakeCli, asked: Invocation) -> None:
    cli.plays([*START, DONE])
    CodexRunner(str(cli.path), web=True).run(asked)
    assert config(cli.seen)["web_search"] == "live"
    CodexRunner(str(cli.path), web=True).run(replace(asked, role="strategist"))
    assert config(cli.seen)["web_search"] == "disabled"


def test_a_key_and_an_address_of_the_environment_are_used(
    cli: FakeCli, run: Run, monkeypatch: pytest.MonkeyPatch, private_home: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("GITHUB_TOKEN", "gh")
    (private_home / ".codex").mkdir()
    (private_home / ".codex" / "auth.json").write_text("{}")
    run([*START, said("x"), DONE])
    seen = cli.seen
    assert seen.env["CODEX_API_KEY"] == "sk-secret"
    assert not {"OPENAI_API_KEY", "GITHUB_TOKEN"} & set(seen.env)
    assert config(seen)["model_providers"]["factory"]["base_url"] == "http://127.0.0.1:1/v1"
    assert seen.home == ["instructions.md"], "with a key, the login is not needed"


def test_a_login_is_lent_and_a_renewed_one_kept(cli: FakeCli, asked: Invocation, private_home: Path) -> None:
    place = private_home / ".codex" / "auth.json"
    place.parent.mkdir()
    place.write_text('{"tokens": "old"}')
    cli.plays([*START, DONE], write={".codex/auth.json": json.dumps({"tokens": "new"})})
    CodexRunner(str(cli.path), wrap=lambda argv, _: list(argv)).run(asked)
    assert place.read_text() == '{"tokens": "old"}', "its shell could have written that"
    CodexRunner(str(cli.path)).run(asked)
    assert cli.seen.home == [".codex/auth.json", "instructions.md"]
    assert place.read_text() == '{"tokens": "new"}'
