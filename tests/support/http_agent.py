"""A small agent for tests, driven by the ``command`` runner: a loop around a model that has a shell.

Prompt on standard input, the address as argument, one JSON object at the end. Standard library only.
It speaks the Messages protocol of model_server.py, has no retries, and says how its service failed.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import urllib.error
import urllib.request
from typing import Any

Json = dict[str, Any]


class Failed(Exception):
    """The service failed, with an HTTP status where there is one."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


def ask(url: str, body: Json) -> list[Json]:
    """One request; the events of its stream."""
    asked = urllib.request.Request(
        url + "/v1/messages", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=30) as reply:
            lines = reply.read().decode().splitlines()
    except urllib.error.HTTPError as error:
        raise Failed(json.loads(error.read())["error"]["message"], error.code) from None
    except (OSError, http.client.HTTPException) as error:
        raise Failed("the connection broke: " + str(error)) from None
    events = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    if not events or events[-1]["type"] != "message_stop":
        raise Failed("the stream ended early")
    return events


def run(command: str) -> str:
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, errors="replace", check=False
    )
    return done.stdout + done.stderr


def main(url: str) -> Json:
    """Ask, do what tools are called for, until there is an answer."""
    messages: list[Json] = [{"role": "user", "content": [{"type": "text", "text": sys.stdin.read()}]}]
    used = {"input_tokens": 0, "output_tokens": 0}
    while True:
        events = ask(url, {"model": "scripted", "messages": messages, "tools": [{"name": "Bash"}]})
        usage = events[-2]["usage"]
        used = {name: used[name] + usage[name] for name in used}
        blocks = [e["content_block"] for e in events if e["type"] == "content_block_start"]
        deltas = [e["delta"] for e in events if e["type"] == "content_block_delta"]
        calls = [
            {**block, "input": json.loads(delta["partial_json"])}
            for block, delta in zip(blocks, deltas, strict=True)
            if block["type"] == "tool_use"
        ]
        if not calls:
            return {"text": "".join(delta["text"] for delta in deltas), "usage": used}
        messages.append({"role": "assistant", "content": calls})
        results = [
            {"type": "tool_result", "tool_use_id": call["id"], "content": run(call["input"]["command"])}
            for call in calls
        ]
        messages.append({"role": "user", "content": results})


if __name__ == "__main__":
    try:
        print(json.dumps(main(*sys.argv[1:])))
    except Failed as failure:
        print(json.dumps({"error": str(failure), "status": failure.status}))
        sys.exit(1)
