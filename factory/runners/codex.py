"""Codex as a runner: ``codex exec`` with a lean prompt, and its event stream read for what happened."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from factory.answers import answer_in, strict
from factory.errors import EnvironmentLacking
from factory.runners.base import AgentResult, Invocation, Status
from factory.runners.child import (
    INSTRUCTIONS,
    STALL_S,
    Ended,
    Start,
    Wrap,
    adopt_child,
    lacking,
    run_child,
)
from factory.runners.classify import failure_status
from factory.runners.private import LoginFile, Private, agent_env, first_set, private_folders, tool_folders
from factory.runners.stream import Event, OpenTools

# What adds to the prompt, starts further agents or reaches beyond the task.
FEATURES_OFF = (
    *("apps", "browser_use", "computer_use", "goals", "guardian_approval", "hooks", "image_generation"),
    *("in_app_browser", "memories", "multi_agent", "plugins", "shell_snapshot", "skill_search", "sleep_tool"),
    *("tool_suggest", "unbounded_connection_retries", "view_image", "workspace_dependencies"),
)
CONFIG: Mapping[str, Any] = {
    "agents.enabled": False,
    "allow_login_shell": False,  # its profile would reset PATH
    "analytics.enabled": False,
    "check_for_update_on_startup": False,
    "history.persistence": "none",
    "include_apps_instructions": False,
    "include_collaboration_mode_instructions": False,
    "include_environment_context": False,
    "include_permissions_instructions": False,
    "project_doc_max_bytes": 0,  # AGENTS.md
    "skills.bundled.enabled": False,
    "shell_environment_policy.inherit": "core",
    "shell_environment_policy.ignore_default_excludes": False,
    # TMPDIR is the invocation's own: tests write there.
    "sandbox_workspace_write.exclude_slash_tmp": True,
    "sandbox_workspace_write.exclude_tmpdir_env_var": False,
    "sandbox_workspace_write.network_access": False,
} | {f"features.{name}": False for name in FEATURES_OFF}
KEYS = ("CODEX_API_KEY", "OPENAI_API_KEY")


class CodexRunner:
    """Codex. ``wrap`` puts it into a sandbox of the program's; its own is then off, for inside another it may
    not start, unless ``own_sandbox`` says otherwise.

    ``web`` gives the Researcher web search. A call without an event for ``stall_s`` seconds, while no tool
    runs, is given up as ``transient``.
    """

    name = "codex"
    invocations_per_call = 1
    reports_cost = False
    protects_itself = True

    def __init__(
        self,
        program: str = "codex",
        *,
        wrap: Wrap | None = None,
        own_sandbox: bool | None = None,
        web: bool = False,
        stall_s: float = STALL_S,
    ) -> None:
        self.program, self.wrap, self.web, self.stall_s = program, wrap, web, stall_s
        self.own_sandbox = wrap is None if own_sandbox is None else own_sandbox

    def missing(self) -> str:
        """Why Codex cannot be used here, or an empty string."""
        return lacking(self.program)

    def run(self, invocation: Invocation) -> AgentResult:
        """One call of ``codex exec``, with its own retries off."""
        login = _login_file()
        with private_folders(invocation.output_dir) as private:
            lent = None if _key() else login.lend(private)
            start = Start(
                argv=self._argv(invocation, private),
                env=agent_env(private) | _own_env() | dict(invocation.env),
                tools=OpenTools(_begun_and_ended),
                stall_s=self.stall_s,
                wrap=self.wrap,
            )
            try:
                ended = run_child(start, invocation, private)
            except EnvironmentLacking as error:
                return AgentResult("missing", error=error.message)
            if invocation.access == "read" and self.own_sandbox:
                login.take_back(private, lent)
        return read_result(ended, invocation)

    def adopt(self, invocation: Invocation) -> AgentResult | None:
        """The result of a call whose child ended after the factory had died."""
        ended = adopt_child(invocation)
        return None if ended is None else read_result(ended, invocation)

    def _argv(self, invocation: Invocation, private: Private) -> list[str]:
        argv = [
            *(self.program, "exec", "--json", "--color", "never"),
            *("--ignore-user-config", "--ignore-rules", "--ephemeral", "--skip-git-repo-check"),
            *("--sandbox", self._mode(invocation)),
        ]
        for name, value in self._config(invocation, private).items():
            argv += ["-c", f"{name}={toml(value)}"]
        if invocation.model:
            argv += ["--model", invocation.model]
        if invocation.schema is not None:
            schema = private.write("schema.json", json.dumps(strict(invocation.schema)))
            argv += ["--output-schema", str(schema)]
        return [*argv, "-"]

    def _mode(self, invocation: Invocation) -> str:
        if not self.own_sandbox:
            return "danger-full-access"
        return "workspace-write" if invocation.access == "write" else "read-only"

    def _config(self, invocation: Invocation, private: Private) -> dict[str, Any]:
        tools = {name: str(path) for name, path in tool_folders().items()}
        return {
            **CONFIG,
            "model_instructions_file": str(private.write("instructions.md", INSTRUCTIONS)),
            "web_search": "live" if self.web and invocation.role == "researcher" else "disabled",
            "shell_environment_policy.set": tools | dict(invocation.env),
            "model_provider": "factory",
            "model_providers.factory": _provider(),
        }


def _provider() -> dict[str, Any]:
    """The usual service, or that at OPENAI_BASE_URL, without retries: built-in providers keep theirs."""
    address = os.environ.get("OPENAI_BASE_URL")
    return {
        "name": "OpenAI",
        "requires_openai_auth": True,
        "wire_api": "responses",
        "request_max_retries": 0,
        "stream_max_retries": 0,
        **({"base_url": address} if address else {}),
    }


def toml(value: Any) -> str:
    """A value as TOML, for ``-c name=value``."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(name)} = {toml(item)}" for name, item in value.items()) + "}"
    return json.dumps(value)


def _own_env() -> dict[str, str]:
    return {"CODEX_API_KEY": _key()} if _key() else {}


def _key() -> str:
    """The key in the environment that is to be used, or an empty string."""
    return first_set(KEYS)


def _login_file() -> LoginFile:
    folder = Path(os.environ.get("CODEX_HOME") or Path.home() / ".codex")
    return LoginFile(folder / "auth.json", ".codex/auth.json")


def _begun_and_ended(event: Event) -> tuple[set[str], set[str]]:
    """The items (commands, edits, searches) that an event begins, and those it ends."""
    item = {str(_item(event).get("id"))}
    kind = event.get("type")
    return (item if kind == "item.started" else set()), (item if kind == "item.completed" else set())


def _item(event: Event) -> dict[str, Any]:
    item = event.get("item")
    return item if isinstance(item, dict) else {}


def read_result(ended: Ended, invocation: Invocation) -> AgentResult:
    """What happened, by the events and not by the exit code."""
    final = next((e for e in reversed(ended.events) if str(e.get("type")).startswith("turn.")), {})
    said = _said(ended.events)
    whole = said[-1] if said and final.get("type") == "turn.completed" else "\n\n".join(said)
    answer = answer_in(whole, invocation.schema) if invocation.schema is not None else None
    status, error = _judge(ended, final, invocation, whole, answer)
    tokens_in, cached, out = _tokens(final)
    return AgentResult(
        status,
        text=whole,
        answer=answer if status == "done" else None,
        tokens_in=tokens_in,
        tokens_cached=cached,
        tokens_out=out,
        model=invocation.model,
        session=next((str(e["thread_id"]) for e in ended.events if "thread_id" in e), ""),
        duration_s=ended.duration_s,
        error=error,
    )


def _judge(
    ended: Ended, final: Event, invocation: Invocation, text: str, answer: dict[str, Any] | None
) -> tuple[Status, str]:
    """The status, and what went wrong in a few words."""
    kind = final.get("type")
    if ended.cut_short and kind != "turn.completed":
        return ended.cut_short, ended.why
    if kind == "turn.failed" or (kind != "turn.completed" and _complaint(ended.events)):
        message = _complaint(ended.events) or "no reason"
        return failure_status(message), message
    if kind != "turn.completed":
        return failure_status(ended.last_words), f"it ended without a result: {ended.last_words}"
    if invocation.schema is not None and answer is None:
        return "garbled", "no answer of the form that was asked for"
    if invocation.schema is None and invocation.access == "read" and not text.strip():
        return "garbled", "an empty answer"
    return "done", ""


def _said(events: Sequence[Event]) -> list[str]:
    items = [_item(event) for event in events if event.get("type") == "item.completed"]
    return [str(item.get("text", "")) for item in items if item.get("type") == "agent_message"]


def _complaint(events: Sequence[Event]) -> str:
    """The last failure that Codex reports of itself; an item of type ``error`` is a mere warning."""
    for event in reversed(events):
        error = event.get("error")
        told = error.get("message") if isinstance(error, dict) else event.get("message")
        if event.get("type") in ("turn.failed", "error") and isinstance(told, str):
            return told
    return ""


def _tokens(final: Event) -> tuple[int | None, int | None, int | None]:
    """Tokens in (those from the cache among them), from the cache, and out; unknown where the turn failed."""
    usage = final.get("usage")
    if not isinstance(usage, dict):
        return None, None, None
    counts = [usage.get(name) for name in ("input_tokens", "cached_input_tokens", "output_tokens")]
    into, cached, out = (count if isinstance(count, int) else None for count in counts)
    return into, cached, out
