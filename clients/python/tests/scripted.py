"""A server that answers by a script, for what a real one never does."""

from __future__ import annotations

import io
import json
import socket
import threading
import time
import unittest
from collections.abc import Callable
from unittest import mock

from support import hang_up

from fedstep import Client, patience

Script = Callable[[socket.socket, str], bool]
"""Answers a request, and says whether the connection is over."""


class Scripted:
    """Answers each request by the next function of a script, one connection after the other."""

    def __init__(self, *script: Script) -> None:
        self._script = list(script)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[str] = []
        self.fields: list[str] = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while self._script:
            connection, _ = self._listener.accept()
            with connection.makefile("rb") as reader:
                over = False
                while not over and self._script and (line := reader.readline().decode()):
                    over = self._answer(connection, reader, line)
            hang_up(connection)
        self._listener.close()

    def _answer(self, connection: socket.socket, reader: io.BufferedReader, line: str) -> bool:
        length = 0
        while (field := reader.readline().decode().lower()) != "\r\n":
            self.fields.append(field.rstrip())
            if field.startswith("content-length:"):
                length = int(field.partition(":")[2])
        step = self._script.pop(0)
        self.requests.append(line.rpartition(" ")[0])
        if step is not refuse_unread:
            reader.read(length)
        return step(connection, line)


def reply(status: int, document: object, *fields: str) -> Script:
    def step(connection: socket.socket, line: str) -> bool:
        body = json.dumps(document).encode()
        head = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}"]
        head += ["Content-Type: application/json", *fields]
        connection.sendall("\r\n".join([*head, "", ""]).encode() + body)
        return False

    return step


def refuse(status: int, code: str, *fields: str) -> Script:
    return reply(status, {"code": code, "detail": "Why.", "status": status}, *fields)


def vanish(connection: socket.socket, line: str) -> bool:
    return True


def refuse_unread(connection: socket.socket, line: str) -> bool:
    """Refuses an upload that has hardly come, and hears no more of it."""
    refuse(413, "too-large", "Connection: close")(connection, line)
    return True


def cut_short(connection: socket.socket, line: str) -> bool:
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"models":')
    return True


def unchanged(*fields: str) -> Script:
    def step(connection: socket.socket, line: str) -> bool:
        connection.sendall("\r\n".join(["HTTP/1.1 304 Same", *fields, "", ""]).encode())
        return False

    return step


NONE = reply(200, {"models": []})


class ScriptedTest(unittest.TestCase):
    """Notes how long is waited before another try, and does not wait."""

    def setUp(self) -> None:
        self.pauses: list[float] = []
        clock = mock.Mock(sleep=self.pauses.append, monotonic=time.monotonic)
        for name, fake in (("time", clock), ("log", mock.Mock())):
            patch = mock.patch.object(patience, name, fake)
            patch.start()
            self.addCleanup(patch.stop)

    def client(self, server: Scripted, timeout: float = 30) -> Client:
        return Client(server.url, client_id="alice", timeout=timeout, progress=False)
