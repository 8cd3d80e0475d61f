"""A model that plays every role of a cycle: it sees which by the prompt's first line, ``# Role: <role>``.

It works as a model does: readers look at files before they answer, the Builder reads, edits and tries its
work. It knows the tools of Claude Code, of Codex with a model that this does not know, and of the agent in
http_agent.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from tests.support.model_server import Call, Part, Request, Text, Usage

BYTES_A_TOKEN = 4
"""How bytes are told as tokens, where no tokenizer is at hand."""


@dataclass(frozen=True)
class Change:
    """A plan item, and what the Builder does about it: a text replaced in a file, or only ``commands``."""

    title: str
    path: str = ""
    old: str = ""
    new: str = ""
    growth: str = "lint"
    commands: Sequence[str] = ()


def always(word: str, *corrections: str) -> Callable[[str], str]:
    """A CEO who says the same at every gate."""
    answer = json.dumps({"verdict": word, "reason": "By script.", "corrections": list(corrections)})
    return lambda gate: answer


PROCEEDING = always("PROCEED")


@dataclass
class Roles:
    """The script. ``asked`` counts the calls (not the requests) by role; ``faults`` are parts by request
    number, from 0, and ``at`` parts by role, that are answered in place of what the role would say.

    ``looks`` are files that readers read: in lite the Strategist only the first, and the Researcher none, as
    it is told. ``research`` is what the Researcher finds; in lite its first half.
    """

    changes: Sequence[Change]
    ceo: Callable[[str], str] = PROCEEDING
    looks: Sequence[str] = ()
    faults: dict[int, Sequence[Part]] = field(default_factory=dict)
    at: dict[str, Sequence[Part]] = field(default_factory=dict)
    research: str = ""
    asked: list[str] = field(default_factory=list)
    log: list[tuple[str, Request]] = field(default_factory=list)

    def __call__(self, request: Request) -> Sequence[Part]:
        role = role_of(request)
        if request.turn == 0:
            self.asked.append(role)
        self.log.append((role, request))
        parts = self.faults.get(len(self.log) - 1) or self.at.get(role)
        if parts is not None:
            return parts
        said = self._say(role, request)
        size = sum(len(part.text if isinstance(part, Text) else json.dumps(part.input)) for part in said)
        return [*said, Usage(input=request.size // BYTES_A_TOKEN, output=size // BYTES_A_TOKEN)]

    def _say(self, role: str, request: Request) -> list[Text | Call]:
        work: list[Text | Call] = list(
            self._build(request) if role == "builder" else self._look(role, request)
        )
        if request.turn < len(work):
            return [work[request.turn]]
        return answer(request, self._answer(role, request), done=request.turn > len(work))

    def _look(self, role: str, request: Request) -> list[Call]:
        seen = {
            "researcher": [] if is_lite(request) else self.looks,
            "strategist": self.looks[:1] if is_lite(request) else self.looks,
            "reviewer": self.looks[:1],
        }
        return [read(request, path) for path in seen.get(role, ())]

    def _build(self, request: Request) -> list[Call]:
        change = self._change(request)
        calls = [shell(request, "pwd; ls")]
        if change.path:
            calls += edit(request, change)
        return calls + [shell(request, command) for command in change.commands]

    def _change(self, request: Request) -> Change:
        item = told(request, "Plan item")
        return next(change for change in self.changes if change.title in item)

    def _answer(self, role: str, request: Request) -> str:
        if role == "ceo":
            return self.ceo(gate_of(request))
        if role == "strategist":
            return plan(self.changes[:1] if is_lite(request) else self.changes)
        if role == "researcher" and self.research:
            found = self.research.strip().split("\n\n")
            return "\n\n".join(found[: len(found) // 2] if is_lite(request) else found) + "\n"
        return ANSWERS[role]

    def tokens(self) -> dict[str, int]:
        """Tokens that reached the model, by role; failed requests are not paid for, and not in it."""
        found: dict[str, int] = {}
        for role, request in self.log:
            found[role] = found.get(role, 0) + request.size // BYTES_A_TOKEN
        return found

    @property
    def requests(self) -> list[Request]:
        """All requests."""
        return [request for _, request in self.log]


def prompt_of(request: Request) -> str:
    """The program's own prompt in a request: from its first line on."""
    return next((text for text in _texts(request) if "# Role: " in text), "")


def role_of(request: Request) -> str:
    """The role that is asked; empty for a request that is not the program's."""
    found = re.search(r"# Role: (\w+)", prompt_of(request))
    return found[1] if found else ""


def is_lite(request: Request) -> bool:
    """Whether the task of a Researcher or a Strategist is that of a lite cycle."""
    return any(words in prompt_of(request) for words in ("no web search.", "One item and one phase only"))


def told(request: Request, title: str) -> str:
    """A section of the facts in the prompt."""
    _, _, rest = prompt_of(request).partition(f"### {title} (data)")
    return rest.partition("\n### ")[0]


def gate_of(request: Request) -> str:
    """The gate at which the CEO is asked, by the facts it is shown."""
    shown = re.findall(r"^### (Research|Plan|Plan item) \(data\)$", prompt_of(request), re.MULTILINE)
    return {"Research": "research", "Plan": "plan"}.get(shown[0], "experiment") if shown else "experiment"


def _texts(request: Request) -> list[str]:
    messages = request.body["messages"] if request.protocol == "messages" else request.body["input"]
    found = []
    for message in messages:
        content = message.get("content")
        parts = content if isinstance(content, list) else [{"text": content}]
        found += [part["text"] for part in parts if isinstance(part.get("text"), str)]
    return found


def answer(request: Request, text: str, *, done: bool) -> list[Text | Call]:
    """A final message; for Claude Code's structured answers by their tool."""
    if "StructuredOutput" in request.tools and not done:
        return [Call("StructuredOutput", json.loads(text))]
    return [Text("It is answered." if "StructuredOutput" in request.tools else text)]


def shell(request: Request, command: str) -> Call:
    """A command by the tool that the asking CLI has."""
    if "Bash" in request.tools:
        return Call("Bash", {"command": command})
    return Call("exec_command", {"cmd": command, "yield_time_ms": 30_000})


def read(request: Request, path: str) -> Call:
    """A look at a file."""
    return Call("Read", {"file_path": path}) if "Read" in request.tools else shell(request, f"cat {path}")


def edit(request: Request, change: Change) -> list[Call]:
    """A replacement in a file, by the CLI's own tool where it has one."""
    if "Edit" in request.tools:
        work = request.results[0].split()[0] if request.results else ""
        place = f"{work}/{change.path}"
        return [
            Call("Read", {"file_path": place}),
            Call("Edit", {"file_path": place, "old_string": change.old, "new_string": change.new}),
        ]
    code = (
        f"import pathlib; p = pathlib.Path({change.path!r}); "
        f"p.write_text(p.read_text().replace({change.old!r}, {change.new!r}))"
    )
    return [shell(request, f"cat {change.path}"), shell(request, f"python3 - <<'EOF'\n{code}\nEOF")]


ANSWERS = {
    "researcher": (
        "R1: calc/sums.py imports os and sys and uses neither (calc/sums.py:3).\n\n"
        "R2: double adds a number to itself, which a product would say (calc/sums.py:14).\n"
    ),
    "builder": "The item is carried out.\nLook at calc/sums.py.\n",
    "reviewer": json.dumps(
        {"verdict": "PROCEED", "reason": "It does what the item says.", "findings": [], "citations": ["R1"]}
    ),
    "evaluator": json.dumps({"summary": "Lint moved with the imports.", "moved": [], "suspicions": []}),
    "archivist": "What was learned: unused imports are counted by lint, and go without harm.\n",
}


def plan(changes: Sequence[Change]) -> str:
    """An improvement plan that passes every rule."""
    numbered = list(enumerate(changes, start=1))
    parts = [
        "# Improvement Cycle — Specification",
        "## 1. Current State\n\n- Composite: see the measurement\n- Weakest: lint\n- Last experiments: none\n"
        "- Pattern: small things were left lying",
        "## 2. Goals and Non-Goals\n\n### 2.1 Goals\n\n- A tidy module\n\n### 2.2 Non-Goals\n\n- New sums",
        "## 3. Design Space\n\n| Dimension | Score | Notes |\n|---|---|---|\n| lint | 0.50 | served here |\n"
        "\n**Underserved:** lint",
        "## 4. Detailed Specification",
        *(ITEM.format(n=n, title=c.title, growth=c.growth, path=c.path) for n, c in numbered),
        "## 5. Implementation Plan",
        *(PHASE.format(n=n, title=c.title, path=c.path) for n, c in numbered),
        "## 6. Anti-patterns\n\n- (none this cycle)",
        "## 7. Blocked (requires user input)\n\n- (none this cycle)",
        "## 8. Proposed Backlog Additions\n\n- (none this cycle)",
    ]
    return "\n\n".join(parts) + "\n"


ITEM = """\
### 4.{n} {title}

- **What:** The module {path} says what it does and nothing else. Its behaviour stays.
- **How:** In {path} the lines in question are edited by hand. No other file changes.
- **Why:** The measured dimension lint counts it, and the research names the place [R1].
- **Category:** FIX
- **Expected impact:** lint 0.50→1.00
- **Priority:** high
- **Growth dimension:** {growth}"""

PHASE = """\
### Phase {n}: {title} (§4.{n}, FIX)

- [ ] Edit {path}
- **Depends on:** none
- **Scope:** one PR"""

GOOD = Change("Remove the unused imports", "calc/sums.py", "import os\nimport sys\n\n\n", "\n")
"""Raises lint, and breaks nothing."""

BREAKING = Change("Say double as a product", "calc/sums.py", "return a + a", "return a * 3")
"""Breaks a test."""


def trying(change: Change, command: str = "python3 -m pytest -q 2>&1 | tail -5") -> Change:
    """The same change by a Builder that tries its work."""
    return replace(change, commands=(*change.commands, command))
