"""Large updates that go on where a line broke."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from unittest import mock

import numpy as np
from scripted import Scripted, ScriptedTest, refuse, reply, vanish
from support import Server, ServerTest, Wire, in_thread

from fedstep import Client, Problem, Unreachable, resumable
from fedstep.tensors import encode

VALUES = 10_000_000
"""An update of 40 MB."""
EVERY = 2 << 20
"""Bytes after which a line breaks."""


def values(seed: int, count: int = VALUES) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(seed).standard_normal(count).astype(np.float32)


class ResumableTest(ServerTest):
    def create(self, count: int = VALUES, **more: object) -> None:
        self.admin.create(
            self.model,
            {"w": np.zeros(count, np.float32)},
            optimizer={"lrate": 1.0, "modules": []},
            round={"min_updates": 2, "max_updates": 2},
            **more,  # type: ignore[arg-type]
        )

    def test_a_line_that_breaks_all_the_time_costs_a_quarter_at_most(self) -> None:
        self.create()
        wire = Wire(self.server.port)
        self.addCleanup(wire.close)
        gradient = {"w": values(1)}
        with Client(wire.url, client_id="alice", timeout=60, progress=False) as client:
            weights = client.weights(self.model)
            wire.most_sent, before = EVERY, wire.sent
            receipt = client.submit(self.model, weights, gradient, weight=3)
            sent = wire.sent - before
        self.assertEqual(receipt["bytes"], 4 * VALUES)
        self.assertEqual(receipt["weight"], 3)
        self.assertLess(sent, 1.25 * 4 * VALUES)
        self.assertGreaterEqual(wire.opened, 4 * VALUES // EVERY)
        again = self.client("alice").submit(self.model, weights, gradient, weight=3)
        self.assertEqual(again, receipt)

    def test_a_lost_receipt_is_asked_for_again_without_the_bytes(self) -> None:
        self.create()
        wire = Wire(self.server.port)
        self.addCleanup(wire.close)
        with Client(wire.url, client_id="alice", timeout=60, progress=False) as client:
            weights = client.weights(self.model)
            before = wire.sent
            wire.lose("PATCH")
            receipt = client.submit(self.model, weights, {"w": values(2)})
        self.assertEqual(wire.lost, 1)
        self.assertEqual(receipt["updates"], 1)
        self.assertLess(wire.sent - before, 4 * VALUES + 10_000)

    def test_an_encoded_update_goes_on_as_well(self) -> None:
        self.create()
        wire = Wire(self.server.port)
        self.addCleanup(wire.close)
        with Client(wire.url, client_id="alice", timeout=60, progress=False) as client:
            weights = client.weights(self.model)
            wire.most_sent = EVERY
            receipt = client.submit(self.model, weights, {"w": values(3)}, encoding="int8")
        self.assertEqual(receipt["encoding"], "int8")
        self.assertLess(receipt["bytes"], 1.02 * VALUES)

    def test_a_killed_server_costs_what_was_on_its_way(self) -> None:
        server = Server()
        self.addCleanup(server.remove)
        wire = Wire(server.port)
        self.addCleanup(wire.close)
        with Client(wire.url, client_id="alice", timeout=120, progress=False) as client:
            client.create("m", {"w": np.zeros(VALUES, np.float32)}, round={"min_updates": 2})
            weights = client.weights("m")
            wire.pause_at = wire.sent + (10 << 20)
            gradient = {"w": values(4)}
            join = in_thread(lambda: client.submit("m", weights, gradient))
            wire.paused.wait(60)
            server.kill()
            server.start()
            wire.go_on.set()
            join()
            receipt = client._get("/v1/models/m/rounds/0/updates/alice")
            self.assertEqual(client.submit("m", weights, gradient), receipt)


class ScriptedResumableTest(ScriptedTest):
    def setUp(self) -> None:
        super().setUp()
        self.gradient = {"w": values(5, resumable.LEAST // 4)}
        self.body = encode(self.gradient, None)

    def submit(self, server: Scripted) -> Any:
        return self.client(server).submit("m", 3, self.gradient)

    def test_what_is_sent(self) -> None:
        server = Scripted(
            reply(201, {}, "Location: /v1/models/m/rounds/3/updates/me/uploads/x"),
            vanish,
            reply(204, {}, f"Upload-Offset: {1 << 20}"),
            refuse(408, "too-slow", "Retry-After: 1"),
            reply(204, {}, f"Upload-Offset: {2 << 20}"),
            refuse(500, "internal"),
            reply(204, {}, f"Upload-Offset: {self.body.length}"),
            reply(201, {"updates": 1}),
        )
        self.assertEqual(self.submit(server), {"updates": 1})
        digest = base64.b64encode(hashlib.sha256(b"".join(self.body.pieces())).digest()).decode()
        whole = [one.lower() for one in server.fields]
        self.assertIn(f"repr-digest: sha-256=:{digest}:".lower(), whole)
        self.assertIn(f"upload-length: {self.body.length}", whole)
        offsets = [one for one in whole if one.startswith("upload-offset")]
        self.assertEqual(
            offsets,
            [f"upload-offset: {at}" for at in (0, 1 << 20, 2 << 20, self.body.length)],
        )
        self.assertEqual(whole.count("upload-draft-interop-version: 8"), 8)
        self.assertEqual(
            [one.split(" ")[0] for one in server.requests],
            ["PUT", "PATCH", "HEAD", "PATCH", "HEAD", "PATCH", "HEAD", "PATCH"],
        )

    def test_a_server_that_does_not_know_it_gets_the_whole(self) -> None:
        for answer in (
            refuse(422, "wrong-length"),
            refuse(422, "not-resumable"),
            refuse(409, "update-exists"),
            refuse(405, ""),
            reply(201, {}),
            reply(200, {}),
        ):
            server = Scripted(answer, reply(201, {"updates": 1}))
            self.assertEqual(self.submit(server), {"updates": 1})
            self.assertEqual([one.split(" ")[0] for one in server.requests], ["PUT", "PUT"])

    def test_what_the_whole_would_be_told_is_raised(self) -> None:
        for status, code in ((410, "round-closed"), (403, "not-invited"), (422, "bad-weight")):
            server = Scripted(refuse(status, code))
            with self.assertRaises(Problem) as raised:
                self.submit(server)
            self.assertEqual(raised.exception.code, code)

    def test_an_upload_that_is_gone_is_begun_anew(self) -> None:
        location = "Location: /v1/models/m/rounds/3/updates/me/uploads/"
        server = Scripted(
            reply(201, {}, location + "x"),
            vanish,
            refuse(404, ""),
            reply(201, {}, location + "y"),
            reply(201, {"updates": 1}),
        )
        self.assertEqual(self.submit(server), {"updates": 1})
        self.assertTrue(server.requests[-1].endswith("/uploads/y"))

    @mock.patch("fedstep.resumable.QUICK_SECONDS", 60.0)
    def test_where_the_last_was_quick_the_next_goes_whole_and_in_parts_after_a_break(self) -> None:
        busy = Problem(503, "busy", "Why.")
        transport = mock.Mock(url="http://server")
        transport.request.side_effect = ["/x", 2, Unreachable("It broke."), "/y", busy, "/z"]
        transport.resumed.side_effect = [1, 3, 4]
        uploads = resumable.Uploads(transport)
        receipts = [uploads.send("/update", {}, self.body, mock.Mock()) for _ in range(4)]
        self.assertEqual(receipts, [1, 2, 3, 4])
        whole = [call.kwargs.get("body") is self.body for call in transport.request.mock_calls]
        self.assertEqual(whole, [False, True, True, False, True, False])

    @mock.patch("fedstep.resumable.QUICK_SECONDS", 60.0)
    def test_what_is_refused_whole_is_not_sent_in_parts(self) -> None:
        server = Scripted(
            reply(201, {}, "Location: /v1/models/m/rounds/3/updates/me/uploads/x"),
            reply(201, {"updates": 1}),
            refuse(410, "round-closed"),
        )
        client = self.client(server)
        client.submit("m", 3, self.gradient)
        with self.assertRaises(Problem):
            client.submit("m", 3, self.gradient)
        self.assertEqual(len(server.requests), 3)

    def test_where_the_last_was_slow_the_next_goes_in_parts(self) -> None:
        location = "Location: /v1/models/m/rounds/3/updates/me/uploads/x"
        begun, done = reply(201, {}, location), reply(201, {"updates": 1})
        server = Scripted(begun, done, begun, done)
        client = self.client(server)
        with mock.patch("fedstep.resumable.QUICK_SECONDS", 0.0):
            client.submit("m", 3, self.gradient)
            client.submit("m", 3, self.gradient)
        self.assertEqual(
            [one.split(" ")[0] for one in server.requests], ["PUT", "PATCH", "PUT", "PATCH"]
        )
