"""A server of one secure model that plays all members but one, and may lie at each stage."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import secure_golden  # noqa: F401 - skips where cryptography is missing

from fedstep import tensors
from fedstep.secure.flat import Flat
from fedstep.secure.identity import Identity
from fedstep.secure.member import Member
from fedstep.secure.roster import Roster, Start, tag_of
from fedstep.secure.settings import Settings
from fedstep.secure.stream import Numbers, Stream

Document = dict[str, Any]
Lie = Callable[[Document], object]

ARRAYS = {"w": np.arange(5, dtype=np.float32)}
SPEC: Document = {
    "tensors": {"w": [5]},
    "dtype": "float32",
    "round": {"min_updates": 3, "max_updates": 6, "timeout": "60s"},
    "secure": {"threshold": 0.5, "clip": 4.0, "bits": 64, "max_weight": 100}
    | {"metrics": [], "identities": "any", "fraction_bits": 40},
}
PEERS = ("bob", "carol", "dave")


class LyingServer:
    """Says what an honest server would, but for what ``lies`` change of it, by stage: ``spec``,
    ``roster`` (before its digest is made), ``digest``, ``shares``, ``unmasking``.

    The first answer to ``lose`` is lost, after ``lost``.

    Args:
        client: the one that it does not play.
        identities: of its members, where they are pinned.
        rounds: after which training is stopped.
    """

    def __init__(
        self,
        lies: dict[str, Lie] | None = None,
        *,
        client: str = "alice",
        identities: dict[str, Identity] | None = None,
        rounds: int = 1,
    ) -> None:
        self._lies = lies or {}
        self._client = client
        self._identities = identities or {}
        self._rounds = rounds
        self.version = 0
        self.spec: Document = json.loads(json.dumps(SPEC))
        if identities:
            self.spec["secure"]["identities"] = "pinned"
        self.spec = self._lie("spec", self.spec)
        self.sent: list[str] = []
        self.bodies: list[bytes] = []
        self.lose = ""
        self.lost: Callable[[], object] = lambda: None
        self._peers: dict[str, Member] = {}
        self._known: dict[str, Document] = {}
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _lie(self, stage: str, document: Document) -> Document:
        changed = self._lies[stage](document) if stage in self._lies else None
        return changed if isinstance(changed, dict) else document

    @property
    def phase(self) -> str:
        return "stopped" if self.version >= self._rounds else "joining"

    def next(self) -> None:
        """Ends the round."""
        self.version = min(self.version + 1, self._rounds)
        self._peers, self._known = {}, {}

    def get(self, what: str) -> Document | None:
        """The answer of a stage, once it is over."""
        return self._known.get(what)

    def put(self, what: str, document: Any) -> None:
        """Takes the client's part of a stage, and plays the others'."""
        if what == "members":
            self._known["roster"] = self._roster(document)
        elif what == "shares":
            self._known["shares"] = self._share(document)
        elif what == "updates":
            self._known["unmasking"] = self._unmasking(document)

    def _roster(self, own: Document) -> Document:
        settings = Settings.of({**self.spec, "round": SPEC["round"]})
        start = Start.of("m", self.version, f"base-{self.version}", ARRAYS)
        trusted = {name: one.public for name, one in self._identities.items()} or None
        for name in PEERS:
            self._peers[name] = Member(
                start, name, settings, identity=self._identities.get(name), trusted=trusted
            )
        joins = {self._client: own} | {name: peer.join() for name, peer in self._peers.items()}
        members = [
            {"client": name, "index": index + 1, **joins[name]}
            for index, name in enumerate(sorted(joins))
        ]
        roster = {"round": self.version, "base": start.base, "members": members}
        roster |= {
            "threshold": settings.threshold_of(len(members)),
            "fraction_bits": 40 if settings.noise is None else 0,
        }
        roster = self._lie("roster", roster)
        tag = tag_of(start, settings, Roster.of({**roster, "digest": ""}, bool(self._identities)))
        return self._lie("digest", {**roster, "digest": f"sha256:{tag.hex()}"})

    def _share(self, own: Document) -> Document:
        roster = self._known["roster"]
        shares = {self._client: own} | {
            name: peer.share(roster) for name, peer in self._peers.items()
        }
        places = {member["client"]: member["index"] - 1 for member in roster["members"]}
        for name, peer in self._peers.items():
            place = places[name]
            sealed = {other: s["shares"][place] for other, s in shares.items() if other != name}
            peer.open({"shares": sealed})
        place = places[self._client]
        return self._lie(
            "shares", {"shares": {name: shares[name]["shares"][place] for name in self._peers}}
        )

    def _unmasking(self, query: Document) -> Document:
        signatures = {self._client: query.get("signature")}
        for name, peer in self._peers.items():
            settings = Settings.of(self.spec)
            flat = Flat(ARRAYS, ARRAYS)
            stream = Stream(flat, Numbers(1, {}, settings), settings)
            signatures[name] = peer.update(stream)[0].get("signature")
        asked: Document = {"online": sorted(signatures), "missing": []}
        asked["signatures"] = signatures if self._identities else None
        return self._lie("unmasking", asked)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # or a head waits for its body
    owner: LyingServer

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        owner, path = self.owner, urlsplit(self.path).path
        if path.endswith("/weights"):
            tag = f'"base-{owner.version}"'
            if self.headers.get("If-None-Match") == tag:
                owner.next()
                tag = f'"base-{owner.version}"'
            body = b"".join(map(bytes, tensors.encode(ARRAYS).pieces()))
            stopped = {"Fedstep-Phase": "stopped"} if owner.phase == "stopped" else {}
            fields = {"ETag": tag, "Fedstep-Version": str(owner.version), **stopped}
            self._answer(200, body, {"Content-Type": tensors.SAFETENSORS, **fields})
        elif path.endswith("/rounds/current"):
            self._json(200, {"round": owner.version, "phase": owner.phase})
        elif path.endswith("/models/m"):
            self._json(200, owner.spec)
        elif "/updates/" in path:
            self._json(404, {"code": "update-not-found", "detail": "None."})
        else:
            found = owner.get(path.split("/")[6])
            if found is None:
                self._answer(204, b"", {})
            else:
                self._json(410 if found.get("code") == "round-closed" else 200, found)

    def do_PUT(self) -> None:
        owner, url = self.owner, urlsplit(self.path)
        what = url.path.split("/")[6]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        owner.sent.append(what)
        owner.bodies.append(body)
        if what == owner.lose:
            owner.lose = ""
            owner.lost()
            self.close_connection = True
            return
        if what == "updates":
            query = dict(pair.split("=", 1) for pair in url.query.split("&"))
            owner.put(what, query)
        elif what != "failures":
            owner.put(what, json.loads(body))
        self._json(201, {})

    def _json(self, status: int, document: Document) -> None:
        self._answer(status, json.dumps(document).encode(), {"Content-Type": "application/json"})

    def _answer(self, status: int, body: bytes, fields: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
