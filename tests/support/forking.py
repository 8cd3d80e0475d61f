"""Commands that start at once: forked from a process that has everything imported.

Importing is half of what a short command costs, and the suite runs thousands. Each still is a process of its
own, with its own session, folder, environment and standard streams; only its imports are shared. What is
about a process from its very start (signals at the wrong moment, what is imported when) uses ``cli.command``.

This file plays three parts, all of them at its end: the server, one for each worker of pytest; the keeper of
one command, its parent; and the client that the test starts, which has the command's streams and hands on its
exit code.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
import threading

LONGEST = 1 << 20
"""Bytes of one request: the arguments and the environment."""


def client(address: str, *args: str) -> int:
    """Have ``factory args`` run by the server, with the streams, folder and environment of this process."""
    request = json.dumps({"args": args, "env": dict(os.environ)}).encode()
    folder = os.open(".", os.O_RDONLY)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.connect(address)
        socket.send_fds(server, [len(request).to_bytes(4)], [0, 1, 2, folder])
        server.sendall(request)
        code = int(server.recv(16) or b"1")
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


def serve(address: str) -> None:
    """Answer clients until standard input ends; returns in the processes that become a command."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the keepers
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(address)
        listening.listen(128)
        print("ready", flush=True)
        while True:
            ready, _, _ = select.select([listening.fileno(), 0], [], [])
            if 0 in ready:
                os._exit(0)
            connection, _ = listening.accept()
            if os.fork() == 0:
                break
            connection.close()
    keep(connection)


def keep(connection: socket.socket) -> None:
    """Fork a command, tell its exit code, and end it with its client; returns in the command alone."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    length, streams, _, _ = socket.recv_fds(connection, 4, 4)
    request = b""
    while len(request) < int.from_bytes(length):
        request += connection.recv(LONGEST)
    command = os.fork()
    if command == 0:
        connection.close()
        become(json.loads(request), streams)
        return
    for stream in streams:
        os.close(stream)

    ended = threading.Event()

    def end_with_the_client() -> None:
        if not connection.recv(1) and not ended.is_set():
            with contextlib.suppress(ProcessLookupError):  # it has no session of its own yet
                os.killpg(command, signal.SIGKILL)

    threading.Thread(target=end_with_the_client, daemon=True).start()
    _, status = os.waitpid(command, 0)
    ended.set()
    connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def become(request: dict[str, object], streams: list[int]) -> None:
    """Take on what the client has: session, streams, folder, environment, arguments."""
    os.setsid()
    *standard, folder = streams
    for place, stream in enumerate(standard):
        os.dup2(stream, place)
    os.fchdir(folder)
    for stream in streams:
        os.close(stream)
    os.environ.clear()
    os.environ.update(request["env"])  # type: ignore[call-overload]
    sys.argv[1:] = request["args"]  # type: ignore[call-overload]


if __name__ == "__main__":
    if sys.argv[1] != "--serve":
        sys.exit(client(*sys.argv[1:]))
    import importlib
    import pkgutil
    import random
    import runpy

    import factory

    for module in pkgutil.walk_packages(factory.__path__, "factory."):
        if module.name != "factory.__main__":
            importlib.import_module(module.name)
    serve(sys.argv[2])
    random.seed()
    runpy.run_module("factory", run_name="__main__", alter_sys=True)
