"""Whole rounds of the golden files, played again by members without a network."""

from __future__ import annotations

import copy
import random
import unittest
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from secure_golden import ROUNDS, identity_of, settings_of, start_of, tensors, told

from fedstep import Unsafe
from fedstep.secure.base64url import octets_of, text_of
from fedstep.secure.flat import Flat
from fedstep.secure.member import Member
from fedstep.secure.roster import Roster, tag_of, tag_text
from fedstep.secure.stream import Numbers, Stream


def trusted_in(round: dict[str, Any]) -> dict[str, bytes] | None:
    identities = {member["client"]: identity_of(member) for member in round["members"]}
    return {name: one.public for name, one in identities.items() if one is not None} or None


def member_of(round: dict[str, Any], member: dict[str, Any]) -> Member:
    """A member whose dice fall as they did then."""
    fall = [member[name] for name in ("mask_private", "share_private", "self_seed")]
    for secret in ("mask", "self"):
        fall += member[f"{secret}_coefficients"] or []
    dice: Iterator[str] = iter(fall)
    return Member(
        start_of(round),
        member["client"],
        settings_of(round),
        identity=identity_of(member),
        trusted=trusted_in(round),
        random=lambda size: bytes.fromhex(next(dice)),
    )


def stream_of(round: dict[str, Any], member: dict[str, Any]) -> Stream:
    settings = settings_of(round)
    flat = Flat(tensors(round, member["values"]), tensors(round, round["weights"]))
    return Stream(flat, Numbers(member["weight"], member["metrics"], settings), settings)


NONSENSE: list[Any] = [
    None,
    True,
    -1,
    0,
    1.5,
    1e400,
    10**30,
    "",
    "x",
    "A" * 43,
    "\ud800",
    [],
    [None],
    {},
]


def spoiled(document: Any, draw: random.Random) -> Any:
    """A copy with nonsense somewhere, or without something."""
    whole = copy.deepcopy(document)
    place = whole
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = draw.choice(keys)
        if isinstance(place[key], (dict, list)) and place[key] and draw.random() < 0.8:
            place = place[key]
        else:
            break
    if draw.random() < 0.2:
        del place[key]
    else:
        place[key] = draw.choice(NONSENSE)
    return whole


def answers_of(round: dict[str, Any], client: str) -> list[dict[str, Any]]:
    """A member's answer; the server may have had enough without it."""
    end = f"/unmasking/{client}"
    requests = round["requests"]
    return [one for one in requests if one["method"] == "PUT" and one["path"].endswith(end)]


class RoundsTest(unittest.TestCase):
    def test_every_request_is_the_same(self) -> None:
        self.assertEqual(len(ROUNDS), 4)
        for round in ROUNDS:
            for member in round["members"]:
                with self.subTest(round["model"], client=member["client"]):
                    self.play(round, member)

    def play(self, round: dict[str, Any], member: dict[str, Any]) -> None:
        client, leaves = member["client"], member["leaves"]
        one = member_of(round, member)
        self.assertEqual(one.join(), told(round, "PUT", "members", client)["body"])
        self.assertEqual(one.join(), one.join())
        roster = told(round, "GET", "roster")
        if leaves == "joined":
            return
        shares = one.share(roster)
        self.assertEqual(shares, told(round, "PUT", "shares", client)["body"])
        self.assertIs(one.share(roster), shares)
        if leaves == "shared":
            return
        one.open(told(round, "GET", "shares", client))
        stream = stream_of(round, member)
        self.assertEqual(stream.cut, member["cut"])
        query, body = one.update(stream)
        request = told(round, "PUT", "updates", client)
        wanted = parse_qs(urlsplit(request["path"]).query)
        self.assertEqual({key: [str(value)] for key, value in query.items()}, wanted)
        self.assertEqual(body.kind, request["type"])
        for _ in range(2):
            sent = b"".join(bytes(piece) for piece in body.pieces())
            self.assertEqual(text_of(sent), request["bytes"])
            self.assertEqual(len(sent), body.length)
        answer = one.reveal(told(round, "GET", "unmasking", client))
        if client not in round["record"]["wrong"]:
            for request in answers_of(round, client):
                self.assertEqual(answer, request["body"])
        one.forget()
        for late in (lambda: one.reveal({}), one.join, lambda: list(body.pieces())):
            with self.assertRaises(Unsafe):
                late()

    def test_nonsense_of_a_server_is_told_as_unsafe(self) -> None:
        draw = random.Random(7)
        outcomes = Counter[str]()
        for _ in range(600):
            round = draw.choice(ROUNDS)
            went = [member for member in round["members"] if member["leaves"] is None]
            outcomes[self.play_with_nonsense(round, draw.choice(went), draw)] += 1
        self.assertGreater(outcomes["unsafe"], 400, outcomes)

    def play_with_nonsense(
        self, round: dict[str, Any], member: dict[str, Any], draw: random.Random
    ) -> str:
        one, client = member_of(round, member), member["client"]
        wrong = draw.choice(["roster", "shares", "unmasking"])

        def answer(what: str) -> Any:
            told_by_now = told(round, "GET", what, client)
            return spoiled(told_by_now, draw) if what == wrong else told_by_now

        try:
            one.share(answer("roster"))
            one.open(answer("shares"))
            one.update(stream_of(round, member))
            one.reveal(answer("unmasking"))
        except Unsafe:
            return "unsafe"
        return "unharmed"

    def test_the_text_of_the_tag(self) -> None:
        for round in ROUNDS:
            settings, start = settings_of(round), start_of(round)
            roster = Roster.of(told(round, "GET", "roster"), settings.pinned)
            self.assertEqual(tag_text(start, settings, roster), round["tag_text"])
            self.assertEqual(tag_of(start, settings, roster).hex(), round["tag"])

    def test_base64url_is_read_strictly(self) -> None:
        self.assertEqual(octets_of("_-8", 2, "it"), b"\xff\xef")
        for wrong in ("_-9", "_-8=", "_-8 ", "/+8", "_-", "_-8A", None, 3, b"_-8"):
            with self.assertRaisesRegex(ValueError, "it is not 2 bytes"):
                octets_of(wrong, 2, "it")


if __name__ == "__main__":
    unittest.main()
