"""An agent's process that plays every role of a build: it reads its prompt from standard input.

No braces with a name inside: the settings would take them for placeholders. Its argument says by word what
the Builder does: ``delivers`` (the default), ``slowly`` the same, ``skips`` or ``claims``; ``edits PATH`` and
``commits PATH`` deliver, and add a line to that file. What it is asked goes to the file that its second
argument names. The third is the plan of an improvement, whose one item takes two imports out of a module.
"""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

VERDICT = {"verdict": "PROCEED", "reason": "By script.", "corrections": []}
ANSWERS = {
    "ceo": json.dumps(VERDICT),
    "reviewer": json.dumps({"verdict": "PROCEED", "reason": "It is so.", "findings": [], "citations": []}),
    "evaluator": json.dumps({"summary": "A module more.", "moved": [], "suspicions": []}),
    "archivist": "A word was added.",
    "researcher": "R1: calc/sums.py imports os and does not use it (calc/sums.py:3).",
}


def build(word: str, how: str) -> str:
    """Do what the script says for a word; without one, what the plan of the improvement says."""
    if not word:
        sums = Path("calc/sums.py")
        sums.write_text(sums.read_text().replace("import os\nimport sys\n\n\n", "\n"))
        return "Took the imports out."
    what, _, place = how.partition(" ")
    if place:
        with Path(place).open("a") as file:
            file.write("\nAnd more.\n")
    if what == "commits":
        person = ("-c", "user.name=person", "-c", "user.email=person@example.org")
        subprocess.run(["git", *person, "commit", "-qam", "More"], cwd=Path(place).parent, check=True)
    if what == "slowly":
        time.sleep(0.3)
    if what in ("delivers", "slowly", "edits", "commits"):
        Path("calc", word + ".py").write_text('"""Word ' + word + ': done."""\n')
    elif what == "claims":
        with Path("notes.md").open("a") as notes:
            notes.write("The word " + word + " is there.\n")
    return "Added word " + word + "."


def main() -> None:
    """Answer one prompt."""
    prompt = sys.stdin.read()
    found = re.search(r"# Role: (\w+)", prompt)
    role = found[1] if found else ""
    item = re.search(r"Add word (\w+)", prompt)
    word = item[1] if role == "builder" and item else ""
    script, log = sys.argv[1], sys.argv[2]
    if log:
        with Path(log).open("a") as seen:
            seen.write(json.dumps({"role": role, "word": word}) + "\n")
    if role == "builder":
        print(build(word, json.loads(script).get(word, "delivers")))
    else:
        print(sys.argv[3] if role == "strategist" else ANSWERS[role])


main()
