"""An agent by script for research through the real command line: a ``command`` runner that reads prompts.

It sees its role by the prompt's first line, and how far research is by what the prompt tells of it. The
script is its argument, for no sandbox shows it a file of the tests'.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

NAME = "scripted"

TEMPLATE = """\
[runner.commands.{name}]
argv = {argv}
answer = "json"
answer_path = "text"
tokens_in = "tokens"
"""

JUDGED = {
    "ceo": {"verdict": "PROCEED", "reason": "By script.", "corrections": []},
    "reviewer": {"verdict": "PROCEED", "reason": "By script.", "findings": [], "citations": []},
    "evaluator": {"summary": "By script.", "moved": [], "suspicions": []},
}


def section(prompt: str, title: str) -> str:
    """A section of the facts in a prompt."""
    return prompt.partition(f"### {title} (data)")[2].partition("\n### ")[0]


def answer(prompt: str, script: Mapping[str, Any]) -> str:
    """What the role that is asked says; the Builder works before."""
    found = re.search(r"# Role: (\w+)", prompt)
    role = found[1] if found else ""
    if role in JUDGED:
        return json.dumps(JUDGED[role])
    if role == "strategist":
        tried = len(re.findall(r"^- #\d", section(prompt, "Tried on the metric"), re.MULTILINE))
        plans: Sequence[str] = [plan for after, plan in script["plans"] if after <= tried]
        return plans[-1]
    if role == "builder":
        return build(section(prompt, "Plan item"), script["builds"])
    return str(script["says"].get(role, "By script."))


def build(item: str, builds: Mapping[str, Any]) -> str:
    """Write the item's files and run its commands; what these print is the answer."""
    work = next(work for title, work in builds.items() if title in item)
    for name, text in work.get("files", {}).items():
        Path(name).write_text(text, encoding="utf-8")
    said = [
        subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
        for line in work.get("commands", ())
    ]
    return "\n".join(["Built.", *(done.stdout + done.stderr for done in said)])


def configure(factory_home: Path, script: Mapping[str, Any]) -> None:
    """Write the agent into a factory home's ``config.toml``."""
    # Encoded, for braces in the arguments of a template stand for placeholders.
    start = "import base64, sys; exec(base64.b64decode(sys.argv.pop(1)))"
    parts = (Path(__file__).read_text(encoding="utf-8"), json.dumps(script))
    argv = ["python3", "-I", "-c", start, *(base64.b64encode(part.encode()).decode() for part in parts)]
    factory_home.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = TEMPLATE.format(name=NAME, argv=json.dumps(argv))
    (factory_home / "config.toml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    print(
        json.dumps({"text": answer(sys.stdin.read(), json.loads(base64.b64decode(sys.argv[1]))), "tokens": 1})
    )
