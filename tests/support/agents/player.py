"""Plays an agent CLI: tells how it was called, and prints the lines it is given."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

own = Path(sys.argv[0])
part = json.loads(own.with_name(f"{own.name}.json").read_text())
home = Path(os.environ["HOME"])
seen = {
    "argv": sys.argv[1:],
    "stdin": sys.stdin.read(),
    "env": dict(os.environ),
    "home": sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()),
    "cwd": str(Path.cwd()),
}
own.with_name(f"{own.name}.seen.json").write_text(json.dumps(seen))
for name, text in part["write"].items():
    (home / name).parent.mkdir(parents=True, exist_ok=True)
    (home / name).write_text(text)
if part["daemon"]:
    sleeper = subprocess.Popen(
        ["sleep", "300"], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    Path(part["daemon"]).write_text(str(sleeper.pid))
for line in part["lines"]:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
sys.stderr.write(part["stderr"])
sys.stderr.flush()
time.sleep(part["hang"])
sys.exit(part["code"])
