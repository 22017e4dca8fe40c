"""Large updates, which go on where a connection broke off
(draft-ietf-httpbis-resumable-upload-12)."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

from .messages import Body, Incoming
from .problems import Problem, Unreachable
from .transport import Transport

T = TypeVar("T")

LEAST = 8 << 20
"""Bytes from which on one more request is worth it."""
QUICK_SECONDS = 0.5
"""An update that takes no longer is tried whole: hashing it and one more request would cost more
than a break."""
MOST_BEGUN = 5
"""How often an upload is begun that is gone before it is whole."""
_INTEROP = {"Upload-Draft-Interop-Version": "8"}
_WHOLE = {"not-resumable", "update-exists", "wrong-length", "wrong-shape"}
"""What a server says that takes the update whole alone, or would take an empty body for it."""
_UNKNOWN = {400, 404, 405, 411, 413, 415, 501}
"""The statuses of a server, or of something on the way, that does not know what is asked."""


def begin(transport: Transport, path: str, query: Mapping[str, object], body: Body) -> str | None:
    """Begins an upload.

    Returns:
        The path where its bytes go; None where they are to be sent whole.

    Raises:
        Problem: what the whole would be told as well.
    """
    fields = {
        **_INTEROP,
        "Content-Type": body.kind,
        "Upload-Complete": "?0",
        "Upload-Length": str(body.length),
        "Repr-Digest": f"sha-256=:{_digest(body)}:",
    }
    try:
        location = transport.request("PUT", path, _location, query=query, headers=fields)
    except Problem as problem:
        is_whole = problem.code in _WHOLE or problem.status in _UNKNOWN
        if not is_whole or problem.code in ("model-not-found", "too-large"):
            raise
        return None
    return None if location is None else _path(transport.url, location)


def _digest(body: Body) -> str:
    sha = hashlib.sha256()
    for piece in body.pieces():
        sha.update(piece)
    return base64.b64encode(sha.digest()).decode()


def _location(answer: Incoming) -> str | None:
    return answer.headers.get("Location") if answer.status == 201 else None


def _path(server: str, location: str) -> str:
    """The path here of an address that an answer named."""
    named, prefix = urlsplit(location).path, urlsplit(server).path
    return named[len(prefix) :] if named.startswith(f"{prefix}/v1/") else named


class Uploads:
    """Sends updates, large ones in as many requests as it takes."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._rate = 0.0
        """Bytes a second of the last large update; 0 if it broke or there was none."""

    def send(
        self,
        path: str,
        query: Mapping[str, object],
        body: Body,
        read: Callable[[Incoming], T],
    ) -> T:
        """Sends an update, and gives what ``read`` makes of the answer to the whole.

        One of 8 MiB or more goes on where a connection broke. Where the last one was so quick that
        this one should take half a second at most, it is first tried in one request.

        Raises:
            Problem: if the server refuses.
            Unreachable: if nothing got through for the transport's ``timeout``.
        """
        if body.length < LEAST:
            return self._transport.request("PUT", path, read, query=query, body=body)
        rate, self._rate = self._rate, 0.0
        if body.length <= QUICK_SECONDS * rate:
            patience = 2 * QUICK_SECONDS

            def at_once() -> T:
                return self._transport.request(
                    "PUT", path, read, query=query, body=body, repeat=False, timeout=patience
                )

            try:
                return self._timed(body, at_once)
            except Unreachable:
                pass
            except Problem as problem:
                if problem.status < 500 and problem.status not in (408, 429):
                    raise
        return self._timed(body, lambda: self._in_parts(path, query, body, read))

    def _timed(self, body: Body, send: Callable[[], T]) -> T:
        start = time.monotonic()
        answer = send()
        self._rate = body.length / max(time.monotonic() - start, 1e-6)
        return answer

    def _in_parts(
        self,
        path: str,
        query: Mapping[str, object],
        body: Body,
        read: Callable[[Incoming], T],
    ) -> T:
        transport = self._transport
        for _ in range(MOST_BEGUN):
            location = begin(transport, path, query, body)
            if location is None:
                break
            try:
                return transport.resumed(
                    location, lambda at: _rest(body, at), _INTEROP, _offset, read
                )
            except Problem as problem:
                if problem.status != 404 or problem.code == "model-not-found":
                    raise
        return transport.request("PUT", path, read, query=query, body=body)


def _offset(answer: Incoming) -> int:
    """The bytes that the server says are there."""
    text = answer.headers.get("Upload-Offset", "")
    if not text.isdecimal():
        detail = "There is no Upload-Offset: something other than fedstep gave the answer."
        raise Problem(answer.status, "", detail)
    return int(text)


def _rest(body: Body, at: int) -> tuple[Body, dict[str, str]]:
    """A body's end, from some byte on, and what its request has in its head."""

    def pieces() -> Iterator[memoryview | bytes]:
        left = at
        for piece in body.pieces():
            if left >= len(piece):
                left -= len(piece)
            else:
                yield memoryview(piece)[left:]
                left = 0

    fields = {**_INTEROP, "Upload-Offset": str(at), "Upload-Complete": "?1"}
    return Body("application/partial-upload", body.length - at, pieces), fields
