"""Any agent CLI, by a template in the settings: how it is called, how its answer, usage and end are read."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from factory.answers import answer_in
from factory.errors import EnvironmentLacking
from factory.process import Completed, adopt, run
from factory.runners.base import AgentResult, Invocation, Status
from factory.runners.classify import failure_status
from factory.runners.jsonpath import documents, number_at, text_at
from factory.runners.private import LoginFile, Private, agent_env, private_folders, tool_folders
from factory.sandbox import Sandbox, SandboxRequest, on_path

STDOUT, STDERR = "stdout.txt", "stderr.txt"
PROMPT, ANSWER = "prompt.md", "answer"
ERROR_CHARACTERS = 500
MOST_ANSWER_BYTES = 20_000_000
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class Template(Protocol):
    """The settings of one command, ``[runner.commands.<name>]``."""

    @property
    def argv(self) -> tuple[str, ...]:
        """Program and arguments, with placeholders."""

    @property
    def env(self) -> Mapping[str, str]:
        """Variables besides the allow-list; a value ``$NAME`` is the person's own variable."""

    @property
    def answer(self) -> str:
        """ "stdout", "file" or "json"."""

    @property
    def answer_path(self) -> str:
        """A file, or a JSON path."""

    @property
    def tokens_in(self) -> str:
        """JSON paths."""

    @property
    def tokens_out(self) -> str:
        """JSON paths."""

    @property
    def cost_usd(self) -> str:
        """JSON paths."""

    @property
    def exit_codes(self) -> Mapping[str, str]:
        """Statuses by exit code."""

    @property
    def error(self) -> str:
        """JSON path of an error's text."""

    @property
    def http_status(self) -> str:
        """JSON path of a failed request's HTTP status."""

    @property
    def login(self) -> tuple[str, ...]:
        """Login files, from the person's home."""


@dataclass(slots=True)
class CommandRunner:
    """An agent CLI that is driven by its ``template`` alone."""

    name: str
    template: Template
    sandbox: Sandbox
    invocations_per_call: int = 1
    protects_itself: bool = False

    @property
    def reports_cost(self) -> bool:
        """Whether the template says where the cost stands."""
        return bool(self.template.cost_usd)

    def missing(self) -> str:
        """Why it cannot be used here, or an empty string."""
        program = self.template.argv[0]
        if shutil.which(program) is None:
            return f"{program} is not installed"
        lacking = [name for name in _references(self.template.env) if not os.environ.get(name)]
        return f"{', '.join(lacking)} is not set" if lacking else ""

    def run(self, invocation: Invocation) -> AgentResult:
        """Call it once. A writer is not started without a sandbox, unless the person switched it off."""
        try:
            self.sandbox.require(invocation.access)
            with private_folders(invocation.output_dir) as private:
                for login in self.template.login:
                    LoginFile(Path.home() / login, login).lend(private)
                done = self._start(invocation, private)
        except EnvironmentLacking as error:
            told = " ".join(filter(None, (error.message, error.hint)))
            return AgentResult("missing", invocations=0, model=invocation.model, error=told.rstrip("."))
        if done.stderr:
            (invocation.output_dir / STDERR).write_text(done.stderr, encoding="utf-8")
        return self._result(invocation, done)

    def adopt(self, invocation: Invocation) -> AgentResult | None:
        """The result of a call whose child ended after the factory had died, from what it left."""
        done = adopt(invocation.output_dir / STDOUT)
        return None if done is None else self._result(invocation, done)

    def _start(self, invocation: Invocation, private: Private) -> Completed:
        desk = _desk(invocation)
        desk.mkdir(parents=True, exist_ok=True)
        (desk / PROMPT).write_text(invocation.prompt, encoding="utf-8")
        (desk / ANSWER).unlink(missing_ok=True)
        values = {
            "prompt_file": str(desk / PROMPT),
            "answer_file": str(desk / ANSWER),
            "worktree": str(invocation.cwd),
            "model": invocation.model,
        }
        own = {name: _value(word, values) for name, word in self.template.env.items()}
        return run(
            self.sandbox.wrap(filled(self.template.argv, values), _request(invocation, private)),
            cwd=invocation.cwd,
            env=agent_env(private) | dict(invocation.env) | own,
            timeout=invocation.timeout_s,
            input=None if self._names("prompt_file") else invocation.prompt,
            output=invocation.output_dir / STDOUT,
        )

    def _names(self, placeholder: str) -> bool:
        return any(f"{{{placeholder}}}" in argument for argument in self.template.argv)

    def _read(self, invocation: Invocation, done: Completed) -> _Said:
        """What it has left: the text of its answer, and its documents for usage and errors."""
        desk, wanted = _desk(invocation), self.template
        written = _text(desk / ANSWER, desk) if self._names("answer_file") else ""
        found = documents(written) or documents(done.stdout)
        if wanted.answer == "json":
            return _Said(text_at(found, wanted.answer_path), found)
        if wanted.answer == "file" and wanted.answer_path:
            return _Said(_text(invocation.cwd / wanted.answer_path, invocation.cwd), found)
        return _Said(written if wanted.answer == "file" else done.stdout, found)

    def _result(self, invocation: Invocation, done: Completed) -> AgentResult:
        said = self._read(invocation, done)
        status, error = self._end(done, said)
        answer = None
        if status == "done" and invocation.schema is not None:
            answer = answer_in(said.text, invocation.schema)
            if answer is None:
                status, error = "garbled", "its answer is not the object that was asked for"
        elif status == "done" and invocation.access == "read" and not said.text.strip():
            status, error = "garbled", "it ended without an answer"
        return AgentResult(
            status,
            text=said.text.strip(),
            answer=answer,
            tokens_in=_whole(number_at(said.found, self.template.tokens_in)),
            tokens_out=_whole(number_at(said.found, self.template.tokens_out)),
            cost_usd=number_at(said.found, self.template.cost_usd),
            model=invocation.model,
            duration_s=done.duration_s,
            error=error,
        )

    def _end(self, done: Completed, said: _Said) -> tuple[Status, str]:
        """How the call ended, and why where it failed: by what it says of itself, then by its exit code."""
        if done.timed_out:
            return "timeout", f"its time was up after {done.duration_s:.0f} s"
        if done.flooded:
            return "crashed", "it wrote without end"
        error = text_at(said.found, self.template.error)[:ERROR_CHARACTERS]
        http = _whole(number_at(_last(said.found, self.template.http_status), self.template.http_status))
        if error or (http or 0) >= 400:
            return failure_status(error, http), error or f"HTTP status {http}"
        status = self.template.exit_codes.get(str(done.returncode), "crashed" if done.returncode else "done")
        told = "" if status == "done" else _last_line(done) or f"exit code {done.returncode}"
        return cast(Status, status), told + (self._not_shown() if "No such file" in told else "")

    def _not_shown(self) -> str:
        """Of an argument that names a file here: that the sandbox may not show it."""
        there = [word for word in self.template.argv[1:] if word.startswith("/") and Path(word).exists()]
        hidden = f"; a sandbox shows programs of the PATH, and not {there[0]}" if there else ""
        return hidden if self.sandbox.active else ""


@dataclass(frozen=True, slots=True)
class _Said:
    """What a call left: the answer's text, and the JSON documents it printed or wrote."""

    text: str
    found: list[Any]


def filled(argv: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """The arguments with their placeholders filled in.

    One that is nothing but an empty value is left out, and so is the option before it: ``["-m", "{model}"]``
    without a model.
    """
    result: list[str] = []
    for argument in argv:
        whole = _PLACEHOLDER.fullmatch(argument)
        if whole and values.get(whole.group(1)) == "":
            if result and result[-1].startswith("-"):
                result.pop()
            continue
        result.append(_filled(argument, values))
    return result


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: values.get(found.group(1), found.group(0)), text)


def _value(word: str, values: Mapping[str, str]) -> str:
    return os.environ.get(word[1:], "") if word.startswith("$") else _filled(word, values)


def _references(env: Mapping[str, str]) -> list[str]:
    return [word[1:] for word in env.values() if word.startswith("$")]


def _desk(invocation: Invocation) -> Path:
    """The folder for what is handed over: prompt and answer."""
    return invocation.output_dir / "desk"


def _request(invocation: Invocation, private: Private) -> SandboxRequest:
    """What the process may see and write."""
    return SandboxRequest(
        workspace=invocation.cwd,
        access=invocation.access,
        home=private.home,
        tmp=private.tmp,
        readable=(*on_path(), *tool_folders().values(), *invocation.protected),
        writable=(_desk(invocation),),
    )


def _last(found: Sequence[Any], path: str) -> list[Any]:
    """The last document with a number at ``path``."""
    return [document for document in found if path and number_at([document], path) is not None][-1:]


def _text(file: Path, within: Path) -> str:
    """The text of a file that a child has written, "" where there is none.

    A link out of ``within`` is not followed, for the child may not have been able to read what it leads to.
    """
    real = file.resolve()
    if not real.is_relative_to(within.resolve()) or not real.is_file():
        return ""
    with real.open("rb") as stream:
        return stream.read(MOST_ANSWER_BYTES).decode("utf-8", "replace")


def _whole(number: float | None) -> int | None:
    return None if number is None else round(number)


def _last_line(done: Completed) -> str:
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return lines[-1][:ERROR_CHARACTERS] if lines else ""
