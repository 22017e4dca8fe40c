"""The rules that keep a client safe, each against a server that breaks it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import unittest
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
from lying_server import ARRAYS, Document, Lie, LyingServer
from support import logged

from fedstep import Client, Unsafe, Update
from fedstep.secure.identity import Identity
from fedstep.tensors import Arrays

PLAIN: list[str] = []
JOINED = ["members"]
SHARED = ["members", "shares"]
UPDATED = ["members", "shares", "updates"]
ALL = ["members", "shares", "updates", "unmasking"]


def update(weights: Arrays, round: int) -> Update:
    return Update({"w": np.ones(5, np.float32)}, weight=3)


def of(document: Document, client: str) -> Document:
    return next(member for member in document["members"] if member["client"] == client)


def set_(**values: object) -> Lie:
    return lambda document: document | values


def in_secure(**values: object) -> Lie:
    return lambda spec: spec["secure"].update(values)


def reversed_(document: Document) -> None:
    document["members"].reverse()


def renumbered(document: Document) -> None:
    of(document, "bob")["index"] = 7


def renamed(document: Document) -> None:
    of(document, "bob")["client"] = "bob eve"


def other_keys(document: Document) -> None:
    of(document, "alice")["mask_key"] = of(document, "bob")["mask_key"]


def without_me(document: Document) -> None:
    document["members"] = document["members"][1:]
    for member in document["members"]:
        member["index"] -= 1
    document["threshold"] = 2


def two(document: Document) -> None:
    document["members"] = document["members"][:2]
    document["threshold"] = 2


def small_order(document: Document) -> None:
    of(document, "bob")["share_key"] = "A" * 43


def flipped(document: Document) -> None:
    text = document["shares"]["bob"]
    document["shares"]["bob"] = ("B" if text[0] == "A" else "A") + text[1:]


def swapped(document: Document) -> None:
    shares = document["shares"]
    shares["bob"], shares["carol"] = shares["carol"], shares["bob"]


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.identities = {name: Identity.new() for name in ("alice", "bob", "carol", "dave")}
        self.options: dict[str, Any] = {}

    def serve(self, lies: dict[str, Lie], **options: Any) -> LyingServer:
        server = LyingServer(lies, **options)
        self.addCleanup(server.close)
        return server

    def client(self, server: LyingServer) -> Client:
        options: Document = {"client_id": "alice", "timeout": 10, "progress": False}
        client = Client(server.url, **options | self.options)
        self.addCleanup(client.close)
        return client

    def pin(self) -> dict[str, Any]:
        """Options of a server whose members' identities the client knows."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.options["identity"] = file = f"{folder.name}/alice.pem"
        self.identities["alice"].save(file)
        others = {name: one.text for name, one in self.identities.items() if name != "alice"}
        self.options["trusted"] = others
        return {"identities": self.identities}


class RulesTest(Case):
    def check(
        self, sent: list[str], why: str, options: Document | None = None, **lies: Lie
    ) -> None:
        """What is sent of a round that such a server has, and what is said of it."""
        server = self.serve(lies, **(options or {}))
        with logged() as lines:
            self.client(server).train("m", update)
        self.assertEqual(server.sent, sent)
        self.assertEqual(any("sat out" in line for line in lines), bool(why), lines)
        if why:
            self.assertRegex("\n".join(lines), why)

    def refuse(self, why: str, **lies: Lie) -> None:
        """A model that is never trained."""
        server = self.serve(lies)
        with self.assertRaisesRegex(Unsafe, why):
            self.client(server).train("m", self.fail, secure=True)
        self.assertEqual(server.sent, [])

    def test_an_honest_server_gets_all(self) -> None:
        self.check(ALL, "")
        self.check(ALL, "", self.pin())

    def test_a_model_that_was_told_secure_gets_nothing_in_the_clear(self) -> None:
        self.refuse("in the clear", spec=set_(secure=None))
        server = self.serve({})
        alice = self.client(server)
        alice.model("m")
        with mock.patch.object(alice, "_put", return_value=server.spec):
            alice.copy("copied", "m")
        with self.assertRaisesRegex(Unsafe, "in the clear"):
            alice.submit("copied", 0, ARRAYS)
        del server.spec["secure"]
        with self.assertRaisesRegex(Unsafe, "in the clear"):
            alice.submit("m", 0, ARRAYS)
        with self.assertRaisesRegex(Unsafe, "in the clear"):
            alice.train("m", self.fail)
        self.options["trusted"] = {}
        with self.assertRaisesRegex(Unsafe, "in the clear"):
            self.client(server).submit("m", 0, ARRAYS)
        self.assertEqual(server.sent, [])

    def test_a_spec_that_cannot_be_is_never_trained(self) -> None:
        for key, value in (
            ("threshold", 0.49),
            ("threshold", 1.0),
            ("bits", 16),
            ("max_weight", 1 << 25),
            ("clip", 2.0**21),
            ("metrics", ["loss", "loss"]),
            ("metrics", ["a,b"]),
        ):
            self.refuse("threshold|bits|max_weight|clip|metrics", spec=in_secure(**{key: value}))
        self.refuse("no secure one", spec=lambda spec: spec["secure"].pop("clip"))
        self.refuse("no secure one", spec=in_secure(threshold="half"))
        private = {"where": "clients", "clip_norm": 1.0, "noise_multiplier": 1.0, "collusion": 0}
        for wrong in (
            {"noise_multiplier": 0.01},
            {"clip_norm": 1e31},
            {"collusion": -1},
            {"noise_multiplier": 2.0**25},
        ):
            self.refuse("noise|clip_norm|too many", spec=set_(privacy=private | wrong))

    def test_so_many_may_collude_as_do_not_go_all_the_way(self) -> None:
        private = {"where": "clients", "clip_norm": 1.0, "noise_multiplier": 1.0}
        self.check(ALL, "", spec=set_(privacy=private | {"collusion": 2}))
        self.check(JOINED, "as many may collude", spec=set_(privacy=private | {"collusion": 3}))

    def test_noise_that_was_seen_is_never_another(self) -> None:
        private = {"where": "clients", "clip_norm": 1.0, "noise_multiplier": 1.0, "collusion": 1}
        for other in (
            None,
            private | {"where": "server"},
            private | {"noise_multiplier": 0.9},
            private | {"clip_norm": 2.0},
            private | {"collusion": 0},
        ):
            server = self.serve({"spec": set_(privacy=private)})
            alice = self.client(server)
            alice.model("m")
            server.spec["privacy"] = other
            with self.assertRaisesRegex(Unsafe, "other noise"):
                alice.train("m", update)
            self.assertEqual(server.sent, [])

    def test_weights_and_metrics_are_none_of_a_sum_with_noise(self) -> None:
        private = {"where": "clients", "clip_norm": 1.0, "noise_multiplier": 1.0, "collusion": 0}
        server = self.serve({"spec": set_(privacy=private)})
        with logged() as lines:
            self.client(server).train(
                "m", lambda w, r: Update({"w": np.full(5, 1e30)}, weight=0.5, metrics={"loss": 1})
            )
        self.assertEqual(server.sent, ALL)
        self.assertTrue(any("no place for it" in line for line in lines), lines)

    def test_identities_have_to_be_pinned_for_who_trusts(self) -> None:
        self.options["trusted"] = {"bob": self.identities["bob"].text}
        self.refuse("not pinned")
        self.pin()
        del self.options["trusted"]
        self.refuse("not pinned")
        self.options = {}
        self.refuse("identity=", spec=in_secure(identities="pinned"))

    def test_a_roster_that_is_not_what_it_says_gets_no_shares(self) -> None:
        self.check(JOINED, "this client's keys", roster=other_keys)
        self.check(JOINED, "this client's keys", roster=without_me)
        self.check(JOINED, "out of order", roster=reversed_)
        self.check(JOINED, "indices", roster=renumbered)
        self.check(JOINED, "ids", roster=renamed)
        self.check(JOINED, "2 members, not 3 to 255", roster=two)
        self.check(JOINED, "threshold of 2, not 3", roster=set_(threshold=2))
        self.check(JOINED, "60 fraction bits", roster=set_(fraction_bits=60))
        self.check(JOINED, "another version", roster=set_(base="base-7"))
        self.check(JOINED, "another version", roster=set_(round=1))
        self.check(JOINED, "a digest", digest=set_(digest="sha256:" + "0" * 64))
        self.check(JOINED, "malformed", digest=lambda roster: roster.pop("members"))
        self.check(JOINED, "malformed", digest=lambda roster: of(roster, "bob").pop("mask_key"))
        self.check(
            JOINED,
            "mask_key of 'bob' is not 32 bytes",
            digest=lambda r: of(r, "bob").update(mask_key="AA"),
        )

    def test_a_key_of_small_order_gets_no_shares(self) -> None:
        self.check(JOINED, "round 0 of 'm' is sat out", roster=small_order)

    def test_a_roster_below_the_policy_gets_no_shares(self) -> None:
        policy = {"min_updates": 5, "max_updates": 6}
        self.check(JOINED, "4 members, not 5", spec=set_(round=policy))

    def test_members_that_are_not_the_trusted_ones_get_no_shares(self) -> None:
        options = self.pin()
        eve = Identity.new()
        trusted = dict(self.options["trusted"])
        self.options["trusted"] = trusted | {"bob": eve.text}
        self.check(JOINED, "'bob' has not the trusted identity", options)
        self.options["trusted"] = {name: key for name, key in trusted.items() if name != "carol"}
        self.check(JOINED, "trust as 'carol'", options)
        self.options["trusted"] = trusted

        def forged(document: Document) -> None:
            of(document, "bob")["signature"] = of(document, "carol")["signature"]

        self.check(JOINED, "'bob' has not signed", options, roster=forged)

    def test_shares_that_cannot_be_get_no_update(self) -> None:
        self.check(SHARED, "'bob' does not open", shares=flipped)
        self.check(SHARED, "does not open", shares=swapped)
        few = lambda document: {"shares": {"bob": document["shares"]["bob"]}}  # noqa: E731
        self.check(SHARED, "2 members shared, not 3", shares=few)
        self.check(SHARED, "no member", shares=lambda d: d["shares"].update(eve="A" * 107))
        self.check(SHARED, "malformed", shares=lambda _: {"shares": ["bob"]})

    def test_what_would_open_more_than_a_sum_is_not_answered(self) -> None:
        names = ["alice", "bob", "carol", "dave"]

        def asked(online: list[str], missing: list[str]) -> Callable[[Document], Document]:
            return lambda document: document | {"online": online, "missing": missing}

        self.check(UPDATED, "twice", unmasking=asked(names, ["bob"]))
        self.check(UPDATED, "others", unmasking=asked(names[:3], []))
        self.check(UPDATED, "others", unmasking=asked([*names, "eve"], []))
        self.check(UPDATED, "called missing", unmasking=asked(names[1:], ["alice"]))
        self.check(UPDATED, "2 updates are in, not 3", unmasking=asked(names[:2], names[2:]))
        self.check(UPDATED, "malformed", unmasking=asked("alice", []))  # type: ignore[arg-type]
        self.check(ALL, "", unmasking=asked(names[:3], ["dave"]))

    def test_who_masked_with_others_is_not_opened(self) -> None:
        options = self.pin()

        def forged(document: Document) -> None:
            signatures = document["signatures"]
            signatures["bob"] = signatures["carol"]

        self.check(UPDATED, "'bob' has not signed", options, unmasking=forged)
        self.check(UPDATED, "no signatures", options, unmasking=set_(signatures=None))


class AgainTest(Case):
    def test_what_is_sent_again_is_the_same(self) -> None:
        for stage in ALL:
            server = self.serve({})
            server.lose = stage
            self.client(server).train("m", update)
            self.assertEqual(server.sent.count(stage), 2)
            first, second = (
                body for what, body in zip(server.sent, server.bodies, strict=True) if what == stage
            )
            self.assertEqual(first, second)

    def test_arrays_that_change_meanwhile_are_not_sent_again(self) -> None:
        gradient = np.ones(5, np.float32)
        server = self.serve({})
        server.lose = "updates"
        server.lost = lambda: gradient.fill(2)
        with self.assertRaisesRegex(RuntimeError, "changed while it was sent"):
            self.client(server).train("m", lambda w, r: Update({"w": gradient}))

    def test_a_round_of_an_earlier_life_is_sat_out(self) -> None:
        server = self.serve({})
        put = server.put
        server.put = lambda what, document: put(what, document) if what != "members" else None  # type: ignore[method-assign]
        server._known["roster"] = server._roster(  # as it was when this process began
            {"mask_key": "A" * 43, "share_key": "B" * 42 + "A", "identity": None, "signature": None}
        )
        with logged() as lines:
            self.client(server).train("m", update)
        self.assertEqual(server.sent, JOINED)
        self.assertRegex("\n".join(lines), "earlier life")

    def test_an_update_counts_though_others_opened_the_sum(self) -> None:
        server = self.serve({"unmasking": lambda _: {"code": "round-closed"}}, rounds=3)
        weights = self.client(server).train("m", update, rounds=1)
        self.assertEqual(server.sent, UPDATED)
        self.assertEqual(weights.version, 1)

    def test_each_round_has_keys_of_its_own(self) -> None:
        server = self.serve({}, rounds=2)
        self.client(server).train("m", update)
        self.assertEqual(server.sent, ALL + ALL)
        self.assertNotEqual(server.bodies[0], server.bodies[4])
        self.assertNotEqual(server.bodies[2], server.bodies[6])


class MistakesTest(Case):
    def test_what_cannot_be_sent_is_told_before_anything_is(self) -> None:
        ones = {"w": np.ones(5, np.float32)}
        nan = {"w": np.array([1, np.nan, 0, 0, 0], np.float32)}
        overflow = {"w": np.array([1, 0, 0, 0, 1e300])}
        for wrong, why in (
            (Update(ones, weight=0.5), "weight is 0.5: .* whole number from 1 to 100"),
            (Update(ones, weight=101), "weight is 101"),
            (Update(nan), "value 1 of 'w' is nan"),
            (Update(overflow), "value 4 of 'w' is inf in the model's dtype"),
            (Update({"w": np.ones(4)}), r"'w' is \(4,\), not \(5,\)"),
            (Update({"v": np.ones(5)}), "there is no 'w'"),
            (Update(ones | {"v": np.ones(5)}), "the model has no 'v'"),
        ):
            server = self.serve({})
            with self.assertRaisesRegex(ValueError, why):
                self.client(server).train("m", lambda w, r, wrong=wrong: wrong)
            self.assertNotIn("updates", server.sent)
            self.assertIn("failures", server.sent)

    def test_metrics_are_those_of_the_spec(self) -> None:
        ones = {"w": np.ones(5, np.float32)}
        lie = in_secure(metrics=["loss"])
        for metrics, why in (
            ({}, "'loss' is missing"),
            ({"loss": float("nan")}, "'loss' is nan"),
            ({"loss": 1025}, "'loss' is 1025: .* from -1024 to 1024"),
        ):
            server = self.serve({"spec": lie})
            with self.assertRaisesRegex(ValueError, why):
                self.client(server).train("m", lambda w, r, m=metrics: Update(ones, metrics=m))
            self.assertNotIn("updates", server.sent)

    def test_what_is_beyond_the_clip_is_told(self) -> None:
        server = self.serve({})
        gradient = {"w": np.array([4, -4, 5, 1e30, 0], np.float32)}
        with logged() as lines:
            self.client(server).train("m", lambda w, r: Update(gradient))
        self.assertEqual(server.sent, ALL)
        self.assertIn("2 of 5 values are beyond the model's clip of 4 and cut to it", lines)

    def test_who_sits_out_has_sent_no_update(self) -> None:
        server = self.serve({})
        self.client(server).train("m", lambda w, r: None)
        self.assertNotIn("updates", server.sent)

    def test_the_step_may_change_the_weights(self) -> None:
        def step(weights: Arrays, round: int) -> Update:
            weights["w"] += 1
            return update(weights, round)

        server = self.serve({})
        self.client(server).train("m", step)
        self.assertEqual(server.sent, ALL)

    def test_the_client_needs_no_cryptography_before(self) -> None:
        seen = "import sys, fedstep; sys.exit('cryptography' in sys.modules)"
        subprocess.run([sys.executable, "-c", seen], check=True)

    def test_keys_to_trust_are_read_at_once(self) -> None:
        self.options["trusted"] = {"bob": "no key"}
        with self.assertRaisesRegex(ValueError, "the trusted key of 'bob' is not 32 bytes"):
            self.client(self.serve({}))


if __name__ == "__main__":
    unittest.main()
