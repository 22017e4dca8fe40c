"""Requests that are repeated, against a scripted server."""

from __future__ import annotations

import contextlib
import io
import socket
import ssl
import time
import unittest
from unittest import mock

import numpy as np
from scripted import (
    NONE,
    Scripted,
    ScriptedTest,
    cut_short,
    refuse,
    refuse_unread,
    reply,
    unchanged,
    vanish,
)
from urllib3.exceptions import ClosedPoolError, SSLError

from fedstep import (
    Client,
    Problem,
    RoundClosed,
    Unreachable,
    Weights,
    __version__,
    progress,
)
from fedstep.lost import lost_by


class TransportTest(ScriptedTest):
    def test_a_closed_connection_is_closed_although_something_knows_of_it(self) -> None:
        server = Scripted(NONE, NONE)
        client = self.client(server)
        client.models()
        pool = client._transport._pool.manager().connection_from_url(server.url)
        client._transport.close()
        with self.assertRaises(ClosedPoolError):
            pool.urlopen("GET", "/", retries=False)
        self.assertEqual(list(client.models()), [])

    def test_what_is_lost_or_busy_is_asked_again(self) -> None:
        server = Scripted(
            vanish,
            cut_short,
            refuse(408, "too-slow", "Retry-After: 1"),
            refuse(429, "too-many-requests", "Retry-After: 2"),
            refuse(503, "not-ready", "Retry-After: 3"),
            refuse(507, "storage-full"),
            NONE,
        )
        self.assertEqual(self.client(server).models(), [])
        self.assertEqual(len(server.requests), 7)
        self.assertEqual(self.pauses, [0.1, 0.2, 1, 2, 3, 2.0])

    def test_a_failed_model_is_not_asked_again(self) -> None:
        server = Scripted(refuse(503, "model-failed"))
        with self.assertRaises(Problem) as raised:
            self.client(server).weights("m")
        self.assertEqual((raised.exception.status, raised.exception.code), (503, "model-failed"))
        self.assertEqual(self.pauses, [])

    def test_a_round_about_to_open_is_waited_for_and_one_far_ahead_is_not(self) -> None:
        server = Scripted(
            refuse(409, "round-not-open", "Retry-After: 1"),
            reply(201, {"updates": 1}),
            refuse(409, "round-not-open"),
        )
        client = self.client(server)
        self.assertEqual(client.submit("m", 3, {"w": [1.0]}), {"updates": 1})
        self.assertEqual(self.pauses, [1])
        with self.assertRaises(Problem):
            client.submit("m", 9, {"w": [1.0]})

    def test_a_closed_round_is_told_at_once_with_the_next(self) -> None:
        server = Scripted(
            reply(410, {"code": "round-closed", "current_round": 4}, "Retry-After: 1")
        )
        with self.assertRaises(RoundClosed) as raised:
            self.client(server).submit("m", 3, {"w": [1.0]})
        self.assertEqual(raised.exception.members, {"current_round": 4})
        self.assertEqual(raised.exception.retry_after, 1)

    def test_a_refusal_is_read_even_if_the_upload_broke(self) -> None:
        server = Scripted(refuse_unread, NONE)
        client = self.client(server)
        whole = mock.patch("fedstep.resumable.LEAST", 1 << 60)
        with whole, self.assertRaises(Problem) as raised:
            client.submit("m", 0, {"w": np.zeros(10_000_000, np.float32)})
        self.assertEqual(raised.exception.code, "too-large")
        self.assertEqual(client.models(), [])

    def test_patience_ends(self) -> None:
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
            with self.assertRaisesRegex(Unreachable, "refused"):
                Client(url, timeout=0.3).models()
        self.assertEqual(self.pauses, [0.1, 0.2])

    def test_what_must_not_happen_twice_is_not_repeated(self) -> None:
        server = Scripted(vanish)
        with self.assertRaises(Unreachable):
            self.client(server).close_round("m")
        self.assertEqual(server.requests, ["POST /v1/models/m/rounds/current/close"])

    def test_an_end_of_tls_may_come_after_the_request(self) -> None:
        for error in (ssl.SSLEOFError("EOF"), ssl.SSLError("RECORD_LAYER_FAILURE")):
            found = lost_by(SSLError(error))
            self.assertTrue(found.sent)
            self.assertEqual(found.final, not isinstance(error, ssl.SSLEOFError))

    def test_a_delete_whose_answer_was_lost_is_done(self) -> None:
        server = Scripted(vanish, refuse(404, "model-not-found"), refuse(404, "model-not-found"))
        client = self.client(server)
        client.delete("m")
        with self.assertRaises(Problem):
            client.delete("m")

    def test_an_answer_of_something_else_is_a_problem_without_code(self) -> None:
        server = Scripted(reply(404, "nginx"))
        with self.assertRaises(Problem) as raised:
            self.client(server).models()
        self.assertEqual((raised.exception.code, raised.exception.detail), ("", '"nginx"'))

    def test_waiting_goes_on_with_a_pause_where_the_server_does_not_hold_the_answer(self) -> None:
        server = Scripted(unchanged(), unchanged(), unchanged("Fedstep-Phase: stopped"))
        clock = mock.Mock(sleep=self.pauses.append, monotonic=time.monotonic)
        with mock.patch("fedstep.versions.time", clock):
            weights = Weights(7, "3f9c2a71-7", None, {})
            self.assertIsNone(self.client(server).wait("m", weights))
        self.assertEqual(self.pauses, [0.5, 0.5])
        self.assertEqual(server.requests, ["GET /v1/models/m/weights?wait=30000ms"] * 3)
        self.assertEqual(server.fields.count('if-none-match: "3f9c2a71-7"'), 3)

    def test_a_token_is_shown_with_each_request(self) -> None:
        server = Scripted(refuse(401, "unauthorized"), NONE)
        client = Client(server.url, "secret", progress=False)
        with self.assertRaises(Problem) as raised:
            client.models()
        self.assertEqual(raised.exception.code, "unauthorized")
        client.models()
        self.assertEqual(server.fields.count("authorization: bearer secret"), 2)

    def test_each_request_names_the_client(self) -> None:
        server = Scripted(NONE)
        self.client(server).models()
        self.assertIn(f"user-agent: fedstep-python/{__version__}", server.fields)

    def test_names_are_escaped(self) -> None:
        server = Scripted(refuse(400, "malformed"))
        with self.assertRaises(Problem):
            self.client(server).model("a/b?c")
        self.assertEqual(server.requests, ["GET /v1/models/a%2Fb%3Fc"])


class ProgressTest(unittest.TestCase):
    def shown(
        self, seconds: float, show: bool | None, terminal: bool = True, tqdm: object = None
    ) -> str:
        out = io.StringIO()
        out.isatty = lambda: terminal  # type: ignore[method-assign]
        clock = mock.Mock()
        clock.monotonic.side_effect = [0] + [seconds] * 9
        with (
            contextlib.redirect_stderr(out),
            mock.patch.object(progress, "time", clock),
            mock.patch.object(progress, "_tqdm", lambda *_: tqdm),
            progress.Progress("/weights", 8_000_000, show) as bar,
        ):
            bar.add(4_000_000)
        return out.getvalue()

    def test_long_transfers_show_a_bar_on_a_terminal(self) -> None:
        self.assertIn("/weights [###############               ]  50% 4 MB", self.shown(2, None))

    def test_tqdm_shows_them_where_it_is_installed(self) -> None:
        bar = mock.Mock()
        self.assertEqual(self.shown(2, None, tqdm=bar), "")
        bar.close.assert_called_once()
        self.assertEqual(self.shown(0.5, None, tqdm=mock.Mock(close=self.fail)), "")

    def test_short_ones_logs_and_whoever_asked_for_none_see_nothing(self) -> None:
        self.assertEqual(self.shown(0.5, None), "")
        self.assertEqual(self.shown(2, None, terminal=False), "")
        self.assertEqual(self.shown(2, False), "")


if __name__ == "__main__":
    unittest.main()
