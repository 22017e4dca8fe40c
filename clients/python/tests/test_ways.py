"""What lies between a client and a server: proxies, redirects, TLS, forks, broken downloads."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import io
import itertools
import json
import os
import pickle
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from scripted import NONE, Script, Scripted, ScriptedTest, refuse, reply, unchanged, vanish
from support import client, shared_server

from fedstep import AsyncClient, Client, Problem, Unreachable, Update, Weights, tensors
from fedstep.__main__ import main

WHOLE = b"".join(bytes(p) for p in tensors.encode({"w": np.arange(5000, dtype="f4")}).pieces())
HEAD = (
    'ETag: "3f9c2a71-7.safetensors"',
    "Fedstep-Version: 7",
    f"Content-Type: {tensors.SAFETENSORS}",
)


def quietly(arguments: list[str]) -> int:
    """The status of a command, whose output nobody wants."""
    with contextlib.redirect_stdout(io.StringIO()):
        return main(arguments)


def send(start: str, body: bytes, *fields: str) -> Script:
    """An answer of these bytes, after which the connection is over."""

    def step(connection: socket.socket, line: str) -> bool:
        connection.sendall("\r\n".join([start, *HEAD, *fields, "", ""]).encode() + body)
        return True

    return step


def chunked(body: bytes) -> Script:
    chunks = b"".join(
        b"%x\r\n%b\r\n" % (len(body[at : at + 999]), body[at : at + 999])
        for at in range(0, len(body), 999)
    )
    return send("HTTP/1.1 200 OK", chunks, "Transfer-Encoding: chunked")


def whole_chunked(connection: socket.socket, line: str) -> bool:
    chunked(WHOLE)(connection, line)
    connection.sendall(b"0\r\n\r\n")
    return True


def part(begin: int, end: int) -> Script:
    """Announces all from ``begin`` on, and breaks off at ``end``."""
    start = "HTTP/1.1 206 Part" if begin else "HTTP/1.1 200 OK"
    range_ = f"Content-Range: bytes {begin}-{len(WHOLE) - 1}/{len(WHOLE)}"
    fields = [f"Content-Length: {len(WHOLE) - begin}", *([range_] if begin else [])]
    return send(start, WHOLE[begin:end], *fields)


class BodiesTest(ScriptedTest):
    def pull(self, *script: Script, timeout: float = 30) -> bytes:
        """What is in a file that had something else before."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "m.safetensors"
            file.write_bytes(b"before")
            try:
                self.server = Scripted(*script)
                self.client(self.server, timeout).pull("m", file)
            finally:
                self.content = file.read_bytes()
                self.assertEqual(os.listdir(folder), [file.name])
        return self.content

    def test_a_file_without_length_is_whole(self) -> None:
        self.assertEqual(self.pull(whole_chunked), WHOLE)
        self.assertEqual(self.pull(send("HTTP/1.0 200 OK", WHOLE)), WHOLE)

    def test_a_short_one_leaves_the_old_file(self) -> None:
        for short in (chunked(WHOLE[:-8]), send("HTTP/1.0 200 OK", WHOLE[:-8]), part(0, 9000)):
            with self.assertRaisesRegex(Unreachable, "early|short|IncompleteRead"):
                self.pull(short, timeout=0)
            self.assertEqual(self.content, b"before")

    def test_a_document_without_length_is_whole(self) -> None:
        kind, old = "Content-Type: application/json", "HTTP/1.0 200 OK"

        def closed(body: bytes) -> Script:
            def step(connection: socket.socket, line: str) -> bool:
                connection.sendall(f"{old}\r\n{kind}\r\n\r\n".encode() + body)
                return True

            return step

        server = Scripted(closed(b'{"models": [{"model": "m"'), closed(b'{"models": []}'))
        self.assertEqual(self.client(server).models(), [])

    def test_a_page_in_place_of_an_answer_is_no_answer(self) -> None:
        page = reply(200, "Log in", "Content-Type: text/html")
        with self.assertRaisesRegex(Problem, "text/html"):
            self.pull(page)

    def test_what_breaks_off_goes_on_from_there_as_long_as_it_does(self) -> None:
        ends = [0, 9000, 14000, 17000, len(WHOLE)]
        parts = [part(a, b) for a, b in itertools.pairwise(ends)]
        self.assertEqual(self.pull(*parts, timeout=0.15), WHOLE)
        self.assertIn("range: bytes=17000-", self.server.fields)
        tags = [field for field in self.server.fields if field.startswith("if-range")]
        self.assertEqual(tags, ['if-range: "3f9c2a71-7.safetensors"'] * 3)
        weights = self.client(Scripted(*parts), timeout=0.15).weights("m")
        np.testing.assert_array_equal(weights.arrays["w"], np.arange(5000))

    def test_what_breaks_off_at_the_same_byte_ends_the_patience(self) -> None:
        again = [part(0, 9000)] + [send("HTTP/1.1 200 OK", b"", "Content-Length: 9")] * 9
        with self.assertRaises(Unreachable):
            self.pull(*again, timeout=0.15)

    def test_other_weights_are_read_from_their_beginning(self) -> None:
        other = send("HTTP/1.1 200 OK", WHOLE, f"Content-Length: {len(WHOLE)}")
        self.assertEqual(self.pull(part(0, 9000), other, other), WHOLE)


class WaitsTest(ScriptedTest):
    def test_a_wait_that_was_cut_is_asked_again_shorter(self) -> None:
        gone = refuse(504, "")
        server = Scripted(gone, vanish, unchanged(), unchanged("Fedstep-Phase: stopped"))
        clock = mock.Mock(sleep=self.pauses.append, monotonic=time.monotonic)
        with mock.patch("fedstep.versions.time", clock):
            waited = self.client(server, timeout=0).wait("m", Weights(7, "3f9c2a71-7", None, {}))
        self.assertIsNone(waited)
        asked = [request.partition("wait=")[2] for request in server.requests]
        self.assertEqual(asked, ["30000ms", "15000ms", "7500ms", "11250ms"])

    def test_where_nothing_answers_patience_ends(self) -> None:
        server = Scripted(*[vanish] * 20)
        clock = mock.Mock(sleep=self.pauses.append, monotonic=time.monotonic)
        with mock.patch("fedstep.versions.time", clock), self.assertRaises(Unreachable):
            self.client(server, timeout=0.15).wait("m", Weights(7, "3f9c2a71-7", None, {}))


class ProcessesTest(unittest.TestCase):
    def setUp(self) -> None:
        for name in ("forked", "parent"):
            client().create(name, {"w": np.zeros(3)})
            self.addCleanup(client().delete, name)

    @unittest.skipUnless(hasattr(os, "fork"), "there are no forks")
    def test_a_fork_has_connections_of_its_own(self) -> None:
        shared = client()
        shared.models()
        child = os.fork()
        name = "parent" if child else "forked"
        right = False
        try:
            right = all(shared.model(name)["model"] == name for _ in range(100))
        finally:
            if child == 0:
                os._exit(0 if right else 1)
        self.assertTrue(right)
        self.assertEqual(os.waitpid(child, 0)[1], 0)

    def test_a_client_can_be_pickled(self) -> None:
        shared = Client(shared_server().url, "token", client_id="alice", headers={"X-Key": "k"})
        shared.models()
        again = pickle.loads(pickle.dumps(shared))
        self.assertEqual(again.client_id, "alice")
        self.assertEqual(again.model("forked")["model"], "forked")


class ProxiesTest(ScriptedTest):
    def environment(self, **variables: str) -> None:
        patch = mock.patch.dict(os.environ, variables)
        patch.start()
        self.addCleanup(patch.stop)

    def test_of_the_environment_are_used(self) -> None:
        proxy = Scripted(NONE, NONE)
        self.environment(HTTP_PROXY=proxy.url.replace("//", "//user:word@"))
        Client("http://fedstep.example:8080", progress=False).models()
        self.assertEqual(quietly(["--url", "http://fedstep.example:8080", "models"]), 0)
        self.assertEqual(proxy.requests, ["GET http://fedstep.example:8080/v1/models"] * 2)
        self.assertIn("proxy-authorization: basic dxnlcjp3b3jk", proxy.fields)

    def test_for_https_are_tunnels(self) -> None:
        proxy = Scripted(refuse(403, ""))
        self.environment(HTTPS_PROXY=proxy.url)
        with self.assertRaisesRegex(Unreachable, "403"):
            Client("https://fedstep.example", progress=False).models()
        self.assertEqual(proxy.requests, ["CONNECT fedstep.example:443"])
        self.assertEqual(self.pauses, [])

    def test_are_not_used_for_what_no_proxy_names(self) -> None:
        for near in ("127.0.0.1", "*", "localhost,127.0.0.0/8"):
            server = Scripted(NONE)
            with mock.patch.dict(os.environ, HTTP_PROXY="http://none.invalid:1", NO_PROXY=near):
                self.assertEqual(self.client(server).models(), [])
            self.assertEqual(server.requests, ["GET /v1/models"])


class CredentialsTest(ScriptedTest):
    def test_headers_are_sent_with_every_request(self) -> None:
        server = Scripted(NONE, NONE)
        shared = Client(server.url, headers={"X-Api-Key": "k"}, progress=False)
        shared.models()
        shared.models()
        self.assertEqual(server.fields.count("x-api-key: k"), 2)

    def test_user_and_password_of_an_address_are_sent_and_not_shown(self) -> None:
        server = Scripted(NONE, vanish)
        shared = Client(server.url.replace("//", "//user:w%6frd@"), timeout=0, progress=False)
        shared.models()
        self.assertIn("authorization: basic dxnlcjp3b3jk", server.fields)
        with self.assertRaises(Unreachable) as raised:
            shared.models()
        self.assertNotIn("user", str(raised.exception))
        with self.assertRaisesRegex(ValueError, "Authorization"):
            Client("http://user:word@host", "token")

    def test_a_token_is_asked_for_again_once_when_it_is_refused(self) -> None:
        no = refuse(401, "unauthorized")
        tokens = iter(["first", "second", "third"])
        server = Scripted(NONE, no, NONE, no, no)
        shared = Client(server.url, lambda: next(tokens), progress=False)
        shared.models()
        shared.models()
        with self.assertRaises(Problem):
            shared.models()
        shown = [f.rpartition(" ")[2] for f in server.fields if f.startswith("authorization")]
        self.assertEqual(shown, ["first", "first", "second", "second", "third"])

    def test_a_tokens_file_is_read_again(self) -> None:
        no = refuse(401, "unauthorized")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "token"

            def replaced(connection: socket.socket, line: str) -> bool:
                file.write_text("new\n")
                return no(connection, line)

            for way in ("function", "command line"):
                file.write_text("old\n")
                server = Scripted(replaced, NONE, no)
                if way == "function":
                    shared = Client(server.url, file, progress=False)
                    shared.models()
                    with self.assertRaises(Problem):
                        shared.models()  # there is no other token in it by now
                else:
                    options = ["--url", server.url, "--token-file", str(file)]
                    self.assertEqual(quietly([*options, "models"]), 0)
                self.assertEqual(server.fields.count("authorization: bearer new") >= 1, True)

    def test_redirects_are_followed_to_another_host_without_the_token(self) -> None:
        other = Scripted(reply(201, {"updates": 1}))
        moved = reply(308, {}, f"Location: {other.url}/v1/elsewhere")
        here = reply(308, {}, "Location: /v1/here")
        server = Scripted(here, moved)
        options: dict[str, Any] = {"client_id": "a", "headers": {"X-Api-Key": "k"}}
        receipt = Client(server.url, "token", **options).submit("m", 0, {"w": np.zeros(9)})
        self.assertEqual(receipt, {"updates": 1})
        self.assertEqual(
            [r.partition(" ")[0] for r in server.requests + other.requests], ["PUT"] * 3
        )
        self.assertEqual(server.fields.count("authorization: bearer token"), 2)
        self.assertNotIn("authorization: bearer token", other.fields)
        self.assertNotIn("x-api-key: k", other.fields)

    def test_redirects_in_a_circle_end(self) -> None:
        server = Scripted(*[reply(308, {}, "Location: /v1/models")] * 9)
        with self.assertRaisesRegex(Unreachable, "redirects"):
            self.client(server).models()
        self.assertEqual(self.pauses, [])


class Quiet(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"models": []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@unittest.skipUnless(shutil.which("openssl"), "there is no openssl")
class TlsTest(ScriptedTest):
    key: Path
    cert: Path

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.key, cls.cert = Path(folder.name) / "key.pem", Path(folder.name) / "cert.pem"
        command = (
            f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout {cls.key} -out {cls.cert}"
        )
        names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        subprocess.run([*command.split(), *names], check=True, capture_output=True)

    def serve(self, need: bool = False) -> str:
        """The address of a server, which may ask for a certificate of its own authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, self.key)
        if need:
            context.load_verify_locations(self.cert)
            context.verify_mode = ssl.CERT_REQUIRED
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"https://127.0.0.1:{server.server_address[1]}"

    def fails(self, ask: Callable[[], object], hint: str) -> None:
        with self.assertRaisesRegex(Unreachable, hint):
            ask()
        self.assertLess(sum(self.pauses), 30)  # a reset may come before what it is about

    def test_an_authority_that_is_not_known_is_said_at_once(self) -> None:
        url = self.serve()
        self.fails(Client(url, progress=False).models, "--ca")
        self.assertEqual(Client(url, ca=self.cert, progress=False).models(), [])
        self.assertEqual(quietly(["--url", url, "--ca", str(self.cert), "models"]), 0)

    def test_a_certificate_that_is_missing_is_said_at_once(self) -> None:
        url = self.serve(need=True)
        self.fails(Client(url, ca=self.cert, progress=False).models, "cert=")
        files: dict[str, Any] = {"ca": self.cert, "cert": self.cert, "key": self.key}
        self.assertEqual(pickle.loads(pickle.dumps(Client(url, **files))).models(), [])
        options = [f"--{name}={file}" for name, file in files.items()]
        self.assertEqual(quietly(["--url", url, *options, "models"]), 0)

    def test_a_port_without_tls_is_said_at_once(self) -> None:
        def plain(connection: socket.socket, line: str) -> bool:
            return True

        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def answer() -> None:
            connection, _ = listener.accept()
            connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.close()

        threading.Thread(target=answer, daemon=True).start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        self.fails(Client(url, progress=False).models, "http://")

    def test_files_that_cannot_be_are_named(self) -> None:
        with self.assertRaisesRegex(OSError, "none.pem"):
            Client("https://localhost", ca="none.pem")
        with self.assertRaisesRegex(ValueError, "cert="):
            Client("https://localhost", key=self.key)


class AsyncTest(unittest.TestCase):
    def test_methods_are_awaited_and_steps_may_be_coroutines(self) -> None:
        async def step(weights: tensors.Arrays, round: int) -> Update:
            await asyncio.sleep(0)
            return Update({"w": np.ones(3)}, metrics={"round": round})

        async def run() -> int:
            async with AsyncClient(shared_server().url, client_id="alice") as shared:
                await shared.create("async", {"w": np.zeros(3)}, round={"rounds": 3})
                weights = await shared.train("async", step)
                events = shared.events("async")
                self.assertEqual((await anext(events)).data["phase"], "stopped")
                await shared.delete("async")
            return int(weights.version)

        self.assertEqual(asyncio.run(run()), 3)


if __name__ == "__main__":
    unittest.main()
