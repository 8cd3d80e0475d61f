"""Agent CLIs by template: small real programs that answer in the ways there are."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from factory.config.model import CommandSpec
from factory.config.schema import PLACEHOLDERS
from factory.process import run
from factory.runners.base import AgentResult, Invocation, Status
from factory.runners.command import CommandRunner, filled
from factory.sandbox import OFF, Sandbox, choose

SCHEMA = {
    "type": "object",
    "required": ["verdict"],
    "additionalProperties": False,
    "properties": {"verdict": {"enum": ["PROCEED", "ABORT"]}},
}


def spec(script: str, *arguments: str, **more: Any) -> CommandSpec:
    """A command that is a shell script."""
    plain: dict[str, Any] = {
        "env": {}, "answer": "stdout", "answer_path": "", "tokens_in": "", "tokens_out": "", "cost_usd": "",
        "exit_codes": {},
    }  # fmt: skip
    return CommandSpec(argv=("sh", "-c", script, "agent", *arguments), **(plain | more))


def asked(tmp_path: Path, template: CommandSpec, sandbox: Sandbox | None = None, **more: Any) -> AgentResult:
    """The result of one call, in a sandbox where one works."""
    invocation = call(tmp_path, **more)
    return CommandRunner("acme", template, sandbox or choose("auto")).run(invocation)


def call(tmp_path: Path, **more: Any) -> Invocation:
    worktree = tmp_path / "worktree"
    worktree.mkdir(exist_ok=True)
    plain: dict[str, Any] = {
        "role": "researcher", "prompt": "# Role: researcher\nLook.\n", "cwd": worktree, "access": "read",
        "output_dir": tmp_path / "out", "timeout_s": 30.0,
    }  # fmt: skip
    return Invocation(**(plain | more))


def test_the_prompt_comes_by_standard_input(tmp_path: Path) -> None:
    result = asked(tmp_path, spec("echo heard:; cat"))
    assert (result.status, result.text) == ("done", "heard:\n# Role: researcher\nLook.")
    assert (result.tokens, result.cost_usd, result.invocations, result.error) == (None, None, 1, "")
    assert result.duration_s > 0


def test_placeholders_are_filled_in(tmp_path: Path) -> None:
    script = 'cat "$1"; echo "$2 $3 $WHERE"; cat; test -z "$4"'
    template = spec(script, "{prompt_file}", "{worktree}", "--model={model}", env={"WHERE": "in {worktree}"})
    result = asked(tmp_path, template, model="m1")
    where = tmp_path / "worktree"
    assert result.text == f"# Role: researcher\nLook.\n{where} --model=m1 in {where}"


def test_an_empty_model_takes_its_option_with_it() -> None:
    argv = ["agent", "-m", "{model}", "--json", "{other}", '{"a": 1}']
    assert filled(argv, {"model": ""}) == ["agent", "--json", "{other}", '{"a": 1}']
    assert filled(argv, {"model": "m"}) == ["agent", "-m", "m", "--json", "{other}", '{"a": 1}']


def test_what_the_settings_allow_is_what_is_filled_in(tmp_path: Path) -> None:
    result = asked(tmp_path, spec('echo "$@"', *(f"{{{name}}}" for name in PLACEHOLDERS)), model="m")
    assert "{" not in result.text


def test_an_answer_in_a_file(tmp_path: Path) -> None:
    result = asked(tmp_path, spec('echo noise; echo told >"$1"', "{answer_file}", answer="file"))
    assert (result.status, result.text) == ("done", "told")


def test_an_answer_in_a_file_of_the_worktree(tmp_path: Path) -> None:
    template = spec("echo told >answer.md", answer="file", answer_path="answer.md")
    assert asked(tmp_path, template, access="write", sandbox=choose("off")).text == "told"


def test_an_answer_file_that_leads_elsewhere_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    for planted in (f"ln -s {tmp_path}/secret", "mkfifo", "mkdir"):
        template = spec(f'rm -rf "$1"; {planted} "$1"', "{answer_file}", answer="file")
        result = asked(tmp_path, template, output_dir=tmp_path / planted[:5])
        assert (result.status, result.text) == ("garbled", "")


def test_an_old_answer_is_not_taken_for_a_new_one(tmp_path: Path) -> None:
    assert asked(tmp_path, spec('echo old >"$1"', "{answer_file}", answer="file")).text == "old"
    assert asked(tmp_path, spec("true", "{answer_file}", answer="file")).status == "garbled"


def test_answer_and_usage_by_json_path(tmp_path: Path) -> None:
    document = {"result": {"text": "told"}, "usage": {"in": 100, "out": 20}, "cost": 0.25}
    template = spec(
        f"echo '{json.dumps(document)}'",
        answer="json", answer_path="result.text",
        tokens_in="usage.in", tokens_out="usage.out", cost_usd="cost",
    )  # fmt: skip
    result = asked(tmp_path, template)
    assert (result.text, result.tokens_in, result.tokens_out, result.cost_usd) == ("told", 100, 20, 0.25)
    assert CommandRunner("acme", template, OFF).reports_cost
    assert not CommandRunner("acme", spec("true"), OFF).reports_cost


def test_usage_from_the_answer_file(tmp_path: Path) -> None:
    template = spec(
        """printf '{"info": {"said": "told", "calls": 3}}' >"$1"; echo '{"calls": 9}'""", "{answer_file}",
        answer="json", answer_path="info.said", tokens_in="info.calls",
    )  # fmt: skip
    result = asked(tmp_path, template)
    assert (result.text, result.tokens_in) == ("told", 3)


@pytest.mark.parametrize(
    ("code", "status"), [(0, "done"), (1, "crashed"), (75, "transient"), (77, "login"), (5, "limit")]
)
def test_exit_codes_mean_what_the_template_says(tmp_path: Path, code: int, status: Status) -> None:
    codes = {"75": "transient", "77": "login", "5": "limit"}
    result = asked(tmp_path, spec(f"echo said; echo why >&2; exit {code}", exit_codes=codes))
    assert result.status == status
    assert result.error == ("" if code == 0 else "why")
    assert (tmp_path / "out/stderr.txt").read_text() == "why\n"


@pytest.mark.parametrize(
    ("http", "status"),
    [
        (401, "login"),
        (402, "quota"),
        (429, "transient"),
        (500, "transient"),
        (529, "transient"),
        (400, "crashed"),
    ],
)
def test_an_error_counts_for_more_than_exit_code_0(tmp_path: Path, http: int, status: Status) -> None:
    event = json.dumps({"error": {"message": "no", "status": http}})
    template = spec(
        f"echo '{event}'; echo '{{\"text\": \"all done\"}}'",
        answer="json", answer_path="text", error="error.message", http_status="error.status",
    )  # fmt: skip
    result = asked(tmp_path, template)
    assert (result.status, result.error) == (status, "no")


def test_silence_is_no_answer(tmp_path: Path) -> None:
    assert asked(tmp_path, spec("true")).status == "garbled"


def test_a_writer_may_be_silent_for_the_tree_speaks(tmp_path: Path) -> None:
    choose("auto").require("write")
    result = asked(tmp_path, spec("echo work >file"), access="write")
    assert (result.status, result.text) == ("done", "")
    assert (tmp_path / "worktree/file").read_text() == "work\n"


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ('{"verdict": "ABORT"}', {"verdict": "ABORT"}),
        ('```json\n{"verdict": "ABORT"}\n```', {"verdict": "ABORT"}),
        ('I think {"verdict": "PROCEED"} is right', None),
        ('{"verdict": "MAYBE"}', None),
        ("PROCEED", None),
        ("", None),
    ],
)
def test_a_structured_answer_is_the_whole_answer(
    tmp_path: Path, said: str, answer: dict[str, str] | None
) -> None:
    result = asked(tmp_path, spec(f"cat <<'END'\n{said}\nEND"), schema=SCHEMA)
    assert (result.status, result.answer) == ("done" if answer else "garbled", answer)


def test_its_time_is_limited_and_what_it_said_is_kept(tmp_path: Path) -> None:
    result = asked(tmp_path, spec("echo started; sleep 60"), timeout_s=0.5)
    assert (result.status, result.text) == ("timeout", "started")


def test_its_environment_is_an_allow_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    monkeypatch.setenv("PIP_INDEX_URL", "https://user:secret@packages.example")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/secret")
    monkeypatch.setenv("ACME_KEY", "its own key")
    template = spec("env", env={"KEY": "$ACME_KEY"})
    text = asked(tmp_path, template, env={"FACTORY_ROLE": "researcher"}).text
    assert "secret" not in text
    lines = text.splitlines()
    assert "KEY=its own key" in lines
    assert "FACTORY_ROLE=researcher" in lines
    assert f"HOME={os.environ['HOME']}" not in lines


def test_a_login_is_lent_and_nothing_else_of_the_home(tmp_path: Path, private_home: Path) -> None:
    login = private_home / ".config/acme/auth.json"
    login.parent.mkdir(parents=True)
    login.write_text('{"token": "t"}')
    template = spec(
        "find $HOME -type f; cat $HOME/.config/acme/auth.json; rm $HOME/.config/acme/auth.json",
        login=(".config/acme/auth.json", ".config/acme/absent.json"),
    )
    assert asked(tmp_path, template).text.endswith('/.config/acme/auth.json\n{"token": "t"}')
    assert login.read_text() == '{"token": "t"}'


def test_without_a_sandbox_a_writer_is_not_started(tmp_path: Path) -> None:
    none = Sandbox("none", why="bubblewrap is not installed")
    result = asked(tmp_path, spec("touch started"), none, access="write")
    assert (result.status, result.invocations) == ("missing", 0)
    assert "bubblewrap is not installed" in result.error
    assert "--sandbox off" in result.error
    assert not (tmp_path / "worktree/started").exists()
    assert asked(tmp_path, spec("echo read"), none).text == "read"


def test_a_template_has_no_sandbox_of_its_own(tmp_path: Path) -> None:
    result = asked(tmp_path, spec("touch started"), choose("cli"), access="write")
    assert (result.status, result.invocations) == ("missing", 0)
    assert result.error.startswith("`--sandbox cli` is for an agent CLI that has a sandbox of its own")
    assert not (tmp_path / "worktree/started").exists()
    assert asked(tmp_path, spec("echo read"), choose("cli")).text == "read"


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = spec("true")
    assert CommandRunner("acme", absent, OFF).missing() == ""
    gone = CommandSpec(("no-such-agent",), {}, "stdout", "", "", "", "", {})
    assert CommandRunner("acme", gone, OFF).missing() == "no-such-agent is not installed"
    keyed = spec("true", env={"KEY": "$ACME_KEY"})
    assert CommandRunner("acme", keyed, OFF).missing() == "ACME_KEY is not set"
    monkeypatch.setenv("ACME_KEY", "k")
    assert CommandRunner("acme", keyed, OFF).missing() == ""


def test_a_call_that_ended_after_the_factory_is_adopted(tmp_path: Path) -> None:
    runner = CommandRunner("acme", spec("true"), OFF)
    invocation = call(tmp_path)
    assert runner.adopt(invocation) is None
    invocation.output_dir.mkdir()
    run(["sh", "-c", "echo told"], cwd=tmp_path, output=invocation.output_dir / "stdout.txt")
    adopted = runner.adopt(invocation)
    assert adopted is not None
    assert (adopted.status, adopted.text) == ("done", "told")


def test_a_script_that_the_sandbox_does_not_show_is_named(tmp_path: Path) -> None:
    script = tmp_path / "agent.py"
    script.write_text("print(1)\n")
    template = spec("echo 'agent.py: No such file or directory' >&2; exit 2", str(script))
    said = asked(tmp_path, template, Sandbox("off")).error
    assert said == "agent.py: No such file or directory"
    inside = choose("auto")
    if inside.active:
        assert asked(tmp_path, template, inside).error == (
            f"{said}; a sandbox shows programs of the PATH, and not {script}"
        )
