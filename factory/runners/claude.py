"""Claude Code as a runner: ``claude -p`` with a lean prompt, and its event stream read for what happened."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from factory.answers import checked
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
from factory.runners.private import LoginFile, Private, agent_env, first_set, private_folders
from factory.runners.stream import Event, OpenTools

READING = ("Read", "Grep", "Glob")
WRITING = (*READING, "Edit", "Write", "Bash")
WEB = ("WebSearch", "WebFetch")

# The CLI's own retries, updates, reports and memories: retries belong to the cycle, which knows the budget.
SETTINGS = {
    "CLAUDE_CODE_MAX_RETRIES": "0",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_CODE_DISABLE_AUTO_MEMORY": "1",
    "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
    "DISABLE_AUTOUPDATER": "1",
}
PASSED_ON = ("ANTHROPIC_BASE_URL", "ANTHROPIC_MODEL")
KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
# The long-lived token of `claude setup-token`, which is handed over in this variable.
TOKEN = "CLAUDE_CODE_OAUTH_TOKEN"

OWN_SANDBOX = {"enabled": True, "failIfUnavailable": True, "allowUnsandboxedCommands": False}

# What the CLI calls the failures of its service.
_KINDS: dict[str, Status] = {
    "authentication_failed": "login",
    "billing_error": "quota",
    "max_output_tokens": "limit",
    "model_not_found": "missing",
    "server_error": "transient",
}
_SUBTYPES: dict[str, Status] = {
    "error_max_turns": "limit",
    "error_max_budget_usd": "limit",
    "error_max_structured_output_retries": "garbled",
}


class ClaudeRunner:
    """Claude Code. ``wrap`` puts it into a sandbox of the program's; ``own_sandbox`` has its own around each
    command of the Builder's shell, and no call at all where that does not work. ``web`` gives the Researcher
    its web tools.

    A call without an event for ``stall_s`` seconds, while no tool runs, is given up as ``transient``.
    """

    name = "claude"
    invocations_per_call = 1
    reports_cost = True

    def __init__(
        self,
        program: str = "claude",
        *,
        wrap: Wrap | None = None,
        own_sandbox: bool = False,
        web: bool = False,
        stall_s: float = STALL_S,
    ) -> None:
        self.program, self.wrap, self.own_sandbox = program, wrap, own_sandbox
        self.web, self.stall_s = web, stall_s

    @property
    def protects_itself(self) -> bool:
        """Whether its own sandbox is on."""
        return self.own_sandbox

    def missing(self) -> str:
        """Why Claude Code cannot be used here, or an empty string."""
        return lacking(self.program)

    def run(self, invocation: Invocation) -> AgentResult:
        """One call of ``claude -p``, with its own retries off."""
        login = _login_file()
        with private_folders(invocation.output_dir) as private:
            lent = None if first_set((*KEYS, TOKEN)) else login.lend(private)
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
            if invocation.access == "read":
                login.take_back(private, lent)
        return read_result(ended, invocation)

    def adopt(self, invocation: Invocation) -> AgentResult | None:
        """The result of a call whose child ended after the factory had died."""
        ended = adopt_child(invocation)
        return None if ended is None else read_result(ended, invocation)

    def _argv(self, invocation: Invocation, private: Private) -> list[str]:
        argv = [
            *(self.program, "-p", "--output-format", "stream-json", "--verbose", "--no-session-persistence"),
            # Nothing of the repository or the person is run or read: hooks, CLAUDE.md, servers, skills.
            *("--setting-sources", "", "--strict-mcp-config", "--disable-slash-commands"),
            *("--system-prompt", INSTRUCTIONS),
            *self._tools(invocation),
        ]
        settings = self._settings(invocation, private)
        if settings:
            argv += ["--settings", json.dumps(settings)]
        if invocation.model:
            argv += ["--model", invocation.model]
        if invocation.schema is not None:
            argv += ["--json-schema", json.dumps(invocation.schema)]
        return argv

    def _settings(self, invocation: Invocation, private: Private) -> dict[str, Any]:
        settings: dict[str, Any] = {}
        if _key():
            # A helper and not a variable, so that no command of the agent's shell shows the key by accident.
            key = private.write(".factory-key", _key())
            settings["apiKeyHelper"] = f"cat {shlex.quote(str(key))}"
        if self.own_sandbox and invocation.access == "write":
            settings["sandbox"] = OWN_SANDBOX
        return settings

    def _tools(self, invocation: Invocation) -> list[str]:
        """The tools that are there, and which of them need no leave: file tools stay within the workspace."""
        if invocation.access == "write":
            return [
                "--tools",
                ",".join(WRITING),
                "--permission-mode",
                "acceptEdits",
                "--allowedTools",
                "Bash",
            ]
        web = WEB if self.web and invocation.role == "researcher" else ()
        allowed = ["--permission-mode", "dontAsk", *(["--allowedTools", ",".join(web)] if web else [])]
        return ["--tools", ",".join((*READING, *web)), *allowed]


def _own_env() -> dict[str, str]:
    # Every command of the agent's shell shows a token in a variable: where there is a key, it is not lent.
    names = PASSED_ON if _key() else (*PASSED_ON, TOKEN)
    given = {name: os.environ[name] for name in names if os.environ.get(name)}
    return given | SETTINGS


def _key() -> str:
    """The key or token in the environment that is to be used, or an empty string."""
    return first_set(KEYS)


def _login_file() -> LoginFile:
    """Where Claude Code keeps the person's login on Linux; on macOS it is in the keychain."""
    folder = Path(os.environ.get("CLAUDE_CONFIG_DIR") or Path.home() / ".claude")
    return LoginFile(folder / ".credentials.json", ".claude/.credentials.json")


def _begun_and_ended(event: Event) -> tuple[set[str], set[str]]:
    """The tool calls that an event begins, and those it ends."""
    parts = _parts(event)
    begun = {str(part.get("id")) for part in parts if part.get("type") == "tool_use"}
    ended = {str(part.get("tool_use_id")) for part in parts if part.get("type") == "tool_result"}
    return begun, ended


def _parts(event: Event) -> list[dict[str, Any]]:
    message = event.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    return [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []


def read_result(ended: Ended, invocation: Invocation) -> AgentResult:
    """What happened, by the events and not by the exit code."""
    final = next((event for event in reversed(ended.events) if event.get("type") == "result"), {})
    status, error = _judge(ended, final, invocation)
    tokens_in, cached, out = _tokens(ended.events, final)
    answer = checked(final.get("structured_output"), invocation.schema) if invocation.schema else None
    cost = final.get("total_cost_usd")
    return AgentResult(
        status,
        text=_text(ended.events, final),
        answer=answer if status == "done" else None,
        tokens_in=tokens_in,
        tokens_cached=cached,
        tokens_out=out,
        cost_usd=float(cost) if isinstance(cost, (int, float)) else None,
        model=_first(ended.events, "model") or invocation.model,
        session=_first(ended.events, "session_id"),
        duration_s=ended.duration_s,
        error=error,
    )


def _judge(ended: Ended, final: Event, invocation: Invocation) -> tuple[Status, str]:
    """The status, and what went wrong in a few words."""
    succeeded = final.get("subtype") == "success" and not final.get("is_error")
    if ended.cut_short and not succeeded:
        return ended.cut_short, ended.why
    if not final:
        return failure_status(ended.last_words), f"it ended without a result: {ended.last_words}"
    if not succeeded:
        return _failure(ended.events, final)
    return _success(final, invocation)


def _success(final: Event, invocation: Invocation) -> tuple[Status, str]:
    """A success of the CLI's own account may be none: a stream that was cut, an answer that never came."""
    answered = final.get("structured_output") is not None
    stopped = final.get("stop_reason")
    if not answered and stopped in (None, "tool_use"):
        return "transient", "the model's answer broke off"
    if not answered and stopped == "max_tokens":
        return "limit", "the model's answer reached its greatest length"
    if invocation.schema is not None and checked(final.get("structured_output"), invocation.schema) is None:
        return "garbled", "no answer of the form that was asked for"
    if invocation.schema is None and invocation.access == "read" and not str(final.get("result", "")).strip():
        return "garbled", "an empty answer"
    return "done", ""


def _failure(events: Sequence[Event], final: Event) -> tuple[Status, str]:
    said = final.get("errors")
    told = [*said] if isinstance(said, list) else [final.get("result") or final.get("subtype") or "no reason"]
    message = "; ".join(map(str, told))
    subtype = str(final.get("subtype"))
    if subtype in _SUBTYPES:
        return _SUBTYPES[subtype], message
    if final.get("stop_reason") == "refusal":
        return "refused", message
    if _rejected(events):
        return "quota", message
    kinds = [e["error"] for e in events if e.get("type") == "assistant" and isinstance(e.get("error"), str)]
    http = final.get("api_error_status")
    if kinds and kinds[-1] in _KINDS:
        return _KINDS[kinds[-1]], message
    return failure_status(message, http if isinstance(http, int) else None), message


def _rejected(events: Iterable[Event]) -> bool:
    """Whether the account's own limit, told apart from the service's, has stopped the call."""
    infos = [event.get("rate_limit_info") for event in events if event.get("type") == "rate_limit_event"]
    return any(isinstance(info, dict) and info.get("status") == "rejected" for info in infos)


def _text(events: Sequence[Event], final: Event) -> str:
    """The final message; of a call that was cut short, what the agent had said until then."""
    if isinstance(final.get("result"), str) and not final.get("is_error"):
        return str(final["result"])
    own = [event for event in events if event.get("type") == "assistant" and not event.get("error")]
    said = [part.get("text") for event in own for part in _parts(event) if part.get("type") == "text"]
    return "\n\n".join(text for text in said if isinstance(text, str) and text)


def _first(events: Iterable[Event], name: str) -> str:
    return next((value for event in events if isinstance(value := event.get(name), str)), "")


def _tokens(events: Iterable[Event], final: Event) -> tuple[int | None, int | None, int | None]:
    """Tokens in (all of them), of these from the cache, and out.

    By model where the CLI says so, for that is complete even where ``usage`` is not; of a call that was cut
    short, what its messages had reported, which is a lower bound.
    """
    models = final.get("modelUsage")
    if isinstance(models, dict) and models:
        sums = [_sum(models.values(), name) for name in _BY_MODEL]
    else:
        sums = [_sum(_usages(events), name) for name in _BY_MESSAGE]
        if not any(sums):
            return None, None, None
    fresh, written, cached, out = sums
    return fresh + written + cached, cached, out


_BY_MODEL = ("inputTokens", "cacheCreationInputTokens", "cacheReadInputTokens", "outputTokens")
_BY_MESSAGE = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")


def _usages(events: Iterable[Event]) -> list[Mapping[str, Any]]:
    """The usage of each message once, though the CLI tells a message in several events."""
    found: dict[str, Mapping[str, Any]] = {}
    for event in events:
        message = event.get("message")
        if event.get("type") == "assistant" and isinstance(message, dict):
            usage = message.get("usage")
            if isinstance(usage, dict):
                found[str(message.get("id"))] = usage
    return list(found.values())


def _sum(usages: Iterable[Any], name: str) -> int:
    values = [usage.get(name) for usage in usages if isinstance(usage, dict)]
    return sum(int(value) for value in values if isinstance(value, (int, float)))
