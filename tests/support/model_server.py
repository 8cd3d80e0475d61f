"""A model of our own on the loopback interface, for tests of agent CLIs: it says what a script says.

It speaks as much of Anthropic's Messages and OpenAI's Responses protocols as Claude Code and Codex need. The
script is a function from a ``Request`` to a list of ``Text``, ``Call``, ``Fault``, ``Wait``, ``Cut``,
``Stop`` and ``Usage``.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Json = dict[str, Any]


@dataclass(frozen=True)
class Text:
    """The model says something."""

    text: str


@dataclass(frozen=True)
class Call:
    """The model calls a tool. ``input`` is a mapping, or the text that a free-form tool takes."""

    tool: str
    input: Json | str


@dataclass(frozen=True)
class Fault:
    """An HTTP error in place of an answer."""

    status: int
    message: str = "scripted failure"
    kind: str = "scripted_error"
    headers: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Wait:
    """Seconds of silence."""

    seconds: float


@dataclass(frozen=True)
class Cut:
    """The stream ends here: at the end of a well-formed body (``clean``), or with a dropped connection."""

    clean: bool = True


@dataclass(frozen=True)
class Stop:
    """A reason to stop other than the end of the answer: ``max_tokens``, ``refusal``."""

    reason: str


@dataclass(frozen=True)
class Usage:
    """What the answer is said to have taken, in tokens; ``cached`` are among ``input``."""

    input: int = 1000
    cached: int = 0
    output: int = 10


Part = Text | Call | Fault | Wait | Cut | Stop | Usage


@dataclass(frozen=True)
class Request:
    """What a CLI asked. ``results`` are the outputs of the tools so far, and ``turn`` is their number."""

    protocol: Literal["messages", "responses"]
    body: Json
    size: int
    headers: dict[str, str]

    @property
    def model(self) -> str:
        return str(self.body.get("model"))

    @property
    def text(self) -> str:
        """All of the request, for a look whether something is in it."""
        return json.dumps(self.body, ensure_ascii=False)

    @property
    def tools(self) -> list[str]:
        """The names of the tools; those of a namespace with a dot between."""
        return [name for tool in self._tool_definitions() for name in _tool_names(tool)]

    @property
    def results(self) -> list[str]:
        return list(_results(self))

    @property
    def turn(self) -> int:
        return len(self.results)

    def is_free_form(self, name: str) -> bool:
        """Whether a tool takes text in place of an object."""
        inner = [tool for d in self._tool_definitions() for tool in (d, *d.get("tools", []))]
        return any(tool.get("name") == name and tool.get("type") == "custom" for tool in inner)

    def _tool_definitions(self) -> list[Json]:
        found = list(self.body.get("tools") or [])
        for item in self.body.get("input", []) if self.protocol == "responses" else []:
            found += item.get("tools", [])
        return found


Script = Callable[[Request], Sequence[Part]]


def _tool_names(tool: Json) -> list[str]:
    if tool.get("type") == "namespace":
        return [f"{tool['name']}.{inner['name']}" for inner in tool["tools"]]
    return [str(tool.get("name") or tool.get("type"))]


def _results(request: Request) -> Iterator[str]:
    if request.protocol == "messages":
        for message in request.body["messages"]:
            for part in message["content"] if isinstance(message["content"], list) else []:
                if part["type"] == "tool_result":
                    yield _plain(part.get("content"))
    else:
        for item in request.body["input"]:
            if str(item.get("type")).endswith("_call_output"):
                yield _plain(item.get("output"))


def _plain(content: Any) -> str:
    if isinstance(content, list):
        return "".join(_plain(part) for part in content)
    return str(content.get("text", "")) if isinstance(content, dict) else str(content or "")


class ModelServer:
    """The server, in use as a context manager. ``requests`` are those for an answer of the model."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[Request] = []
        self.lock = threading.Lock()
        model = self

        class Bound(_Handler):
            server_of_tests = model

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> ModelServer:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_of_tests: ModelServer

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: tests look at ``requests``."""

    def do_HEAD(self) -> None:
        self._json(200, {})

    def do_GET(self) -> None:
        self._json(200, {"object": "list", "data": [], "models": []})

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = self.path.partition("?")[0]
        if not path.endswith(("/messages", "/responses")):
            self._json(200, {"input_tokens": len(data) // 4})
            return
        protocol: Literal["messages", "responses"] = "messages" if path.endswith("/messages") else "responses"
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(protocol, json.loads(data), len(data), headers)
        with self.server_of_tests.lock:
            self.server_of_tests.requests.append(request)
            parts = list(self.server_of_tests.script(request))
        try:
            self._answer(request, parts)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _answer(self, request: Request, parts: list[Part]) -> None:
        while parts and isinstance(wait := parts[0], Wait):
            time.sleep(wait.seconds)
            del parts[0]
        if parts and isinstance(fault := parts[0], Fault):
            error = {"type": fault.kind, "code": fault.kind, "message": fault.message}
            self._json(fault.status, {"type": "error", "error": error}, fault.headers)
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        encode = _messages if request.protocol == "messages" else _responses
        for event in encode(request, parts):
            if isinstance(event, Wait):
                time.sleep(event.seconds)
            elif isinstance(event, Cut):
                if event.clean:
                    self._chunk(b"")
                self.close_connection = True
                return
            else:
                self._chunk(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        self._chunk(b"")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _json(self, status: int, body: Json, headers: Json | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json", **(headers or {})}.items():
            self.send_header(name, str(value))
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _usage(parts: Sequence[Part]) -> Usage:
    return next((part for part in parts if isinstance(part, Usage)), Usage())


def _messages(request: Request, parts: Sequence[Part]) -> Iterator[Json | Wait | Cut]:
    """The events of Anthropic's Messages stream."""
    used, number = _usage(parts), request.turn
    usage = {
        "input_tokens": used.input - used.cached,
        "cache_read_input_tokens": used.cached,
        "cache_creation_input_tokens": 0,
        "output_tokens": 1,
    }
    head = {"id": f"msg_{number}_{id(parts)}", "type": "message", "role": "assistant", "model": request.model}
    yield {"type": "message_start", "message": {**head, "content": [], "stop_reason": None, "usage": usage}}
    index, reason = 0, "end_turn"
    for part in parts:
        if isinstance(part, (Wait, Cut)):
            yield part
        elif isinstance(part, Stop):
            reason = part.reason
        elif isinstance(part, (Text, Call)):
            if isinstance(part, Text):
                empty: Json = {"type": "text", "text": ""}
                delta: Json = {"type": "text_delta", "text": part.text}
            else:
                reason = "tool_use"
                empty = {"type": "tool_use", "id": f"toolu_{number}_{index}", "name": part.tool, "input": {}}
                delta = {"type": "input_json_delta", "partial_json": json.dumps(part.input)}
            yield {"type": "content_block_start", "index": index, "content_block": empty}
            yield {"type": "content_block_delta", "index": index, "delta": delta}
            yield {"type": "content_block_stop", "index": index}
            index += 1
    closing = {"stop_reason": reason, "stop_sequence": None}
    yield {"type": "message_delta", "delta": closing, "usage": {**usage, "output_tokens": used.output}}
    yield {"type": "message_stop"}


def _responses(request: Request, parts: Sequence[Part]) -> Iterator[Json | Wait | Cut]:
    """The events of OpenAI's Responses stream."""
    used, number = _usage(parts), request.turn
    head = {"id": f"resp_{number}_{id(parts)}", "object": "response", "model": request.model}
    items: list[Json] = []
    status, details = "completed", {}
    yield {"type": "response.created", "response": {**head, "status": "in_progress", "output": []}}
    for part in parts:
        if isinstance(part, (Wait, Cut)):
            yield part
        elif isinstance(part, Stop):
            status, details = "incomplete", {"incomplete_details": {"reason": "max_output_tokens"}}
        elif isinstance(part, (Text, Call)):
            item = _item(request, part, f"{number}_{len(items)}")
            yield {"type": "response.output_item.added", "output_index": len(items), "item": item}
            yield {"type": "response.output_item.done", "output_index": len(items), "item": item}
            items.append(item)
    usage = {
        "input_tokens": used.input,
        "input_tokens_details": {"cached_tokens": used.cached},
        "output_tokens": used.output,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": used.input + used.output,
    }
    response = {**head, "status": status, "output": items, "usage": usage, **details}
    yield {"type": f"response.{status}", "response": response}


def _item(request: Request, part: Text | Call, number: str) -> Json:
    if isinstance(part, Text):
        content = [{"type": "output_text", "text": part.text, "annotations": []}]
        message = {"type": "message", "id": f"m_{number}", "role": "assistant", "content": content}
        return {**message, "status": "completed"}
    space, _, name = part.tool.rpartition(".")
    head = {"id": f"c_{number}", "call_id": f"call_{number}", "name": name, "status": "completed"}
    where = {"namespace": space} if space else {}
    if request.is_free_form(name):
        return {"type": "custom_tool_call", "input": part.input, **head, **where}
    return {"type": "function_call", "arguments": json.dumps(part.input), **head, **where}
