"""What goes over a connection: the bodies of requests, and answers as they come in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from urllib3 import BaseHTTPResponse

from .lost import BREAKS, Lost, lost_by
from .problems import Problem
from .progress import Progress

PIECE = 256 << 10
"""Bytes that are sent or read at once; each must pass within the connection's silence."""


@dataclass(frozen=True)
class Body:
    """What a request carries.

    Attributes:
        kind: its media type.
        length: in bytes.
        pieces: gives the bytes, once for each try.
    """

    kind: str
    length: int
    pieces: Callable[[], Iterable[memoryview | bytes]]

    @staticmethod
    def of(kind: str, content: bytes) -> Body:
        """A body that is in memory."""
        return Body(kind, len(content), lambda: [content])


class Upload:
    """A body on its way; ``whole`` once all of it is sent."""

    def __init__(self, body: Body, label: str, show: bool | None) -> None:
        self._body = body
        self._label = label
        self._show = show
        self.whole = False

    def __iter__(self) -> Iterator[memoryview | bytes]:
        self.whole = False
        with Progress(self._label, self._body.length, self._show) as progress:
            for piece in self._body.pieces():
                yield piece
                progress.add(len(piece))
        self.whole = True


class Incoming:
    """An answer whose body is to be read.

    Args:
        response: its head, and where its body comes from.
        progress: is told of each piece.
        resume: gives the rest from a byte on, after the connection broke; None where there is no
            other way than to ask for the whole again.
    """

    def __init__(
        self,
        response: BaseHTTPResponse,
        progress: Progress,
        resume: Callable[[int, Lost], BaseHTTPResponse] | None = None,
    ) -> None:
        self.status = response.status
        self.headers = response.headers
        self._response = response
        self._progress = progress
        self._is_encoded = "Content-Encoding" in response.headers
        self._resume = None if self._is_encoded else resume
        self._at = 0

    @property
    def is_framed(self) -> bool:
        """Whether the answer's end is told by other means than the connection's."""
        return "Content-Length" in self.headers or "Transfer-Encoding" in self.headers

    def expect(self, kind: str) -> None:
        """Checks the media type.

        Raises:
            Problem: if something other than the server answered, such as a proxy's page.
        """
        found = self.headers.get("Content-Type", "")
        if found and found.partition(";")[0].strip() != kind:
            detail = f"The answer is {found}, not {kind}: something other than fedstep gave it."
            raise Problem(self.status, "", detail)

    def read(self, size: int | None = None) -> bytes:
        """The next ``size`` bytes, or all."""
        if size is None:
            return b"".join(iter(lambda: self._next(PIECE), b""))
        data = bytearray(size)
        self.readinto(memoryview(data))
        return bytes(data)

    def readinto(self, buffer: memoryview) -> None:
        """Fills a buffer of bytes, a piece at a time."""
        done = 0
        while done < len(buffer):
            some = self._next(min(PIECE, len(buffer) - done))
            if not some:
                self._continue(Lost(f"the answer ends {len(buffer) - done} bytes early", True))
            buffer[done : done + len(some)] = some
            done += len(some)

    def _next(self, most: int) -> bytes:
        while True:
            try:
                # what is decoded is held back until there is as much of it as was asked for
                some = self._response.read(most, decode_content=self._is_encoded)
            except BREAKS as error:
                self._continue(lost_by(error))
                continue
            self._at += len(some)
            self._progress.add(len(some))
            return some

    def _continue(self, lost: Lost) -> None:
        self._response.close()
        if self._resume is None or self._at == 0:
            raise lost
        self._response = self._resume(self._at, lost)

    def close(self) -> None:
        """Closes the connection, unless all was read: then it is back among those to use."""
        self._response.close()


class Lines:
    """The lines of an endless answer."""

    def __init__(self, response: BaseHTTPResponse) -> None:
        self._response = response
        framed = response.headers.get("Transfer-Encoding") == "chunked"
        # without chunks a read waits for as many bytes as are asked for
        self._lines = _lines(response.stream(PIECE if framed else 1))

    def next(self) -> str:
        """The next line, without its end.

        Raises:
            Lost: at the answer's end, after a silence, or if the connection broke.
        """
        try:
            return next(self._lines).decode("utf-8")
        except StopIteration:
            raise Lost("the stream ended", sent=True) from None
        except BREAKS as error:
            raise lost_by(error) from error

    def close(self) -> None:
        self._response.close()


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.rstrip(b"\r")
