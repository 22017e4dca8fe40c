"""What goes over a connection: the bodies of requests, and answers as they come in."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .progress import Progress

PIECE = 256 << 10
"""Bytes that are sent or read at once; each must pass within the connection's silence."""


class Lost(Exception):
    """A connection broke; ``sent`` if the server may have seen the request."""

    def __init__(self, why: str, sent: bool, final: bool = False) -> None:
        super().__init__(why)
        self.sent = sent
        self.final = final


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


class Incoming:
    """An answer whose body is to be read."""

    def __init__(self, response: http.client.HTTPResponse, progress: Progress) -> None:
        self.status = response.status
        self.headers = response.headers
        self._response = response
        self._progress = progress

    @property
    def left(self) -> int:
        """Bytes that are still to come, where the server has said so."""
        return self._response.length or 0

    def read(self, size: int | None = None) -> bytes:
        """The next ``size`` bytes, or all."""
        try:
            data = self._response.read(size)
        except (OSError, http.client.HTTPException) as error:
            raise Lost(str(error), sent=True) from error
        if size is not None and len(data) < size:
            raise Lost(f"the answer ends {size - len(data)} bytes early", sent=True)
        self._progress.add(len(data))
        return data

    def readinto(self, buffer: memoryview) -> None:
        """Fills a buffer of bytes, without a copy in between."""
        done = 0
        while done < len(buffer):
            try:
                some = self._response.readinto(buffer[done : done + PIECE])
            except (OSError, http.client.HTTPException) as error:
                raise Lost(str(error), sent=True) from error
            if some == 0:
                raise Lost(f"the answer ends {len(buffer) - done} bytes early", sent=True)
            done += some
            self._progress.add(some)


class Lines:
    """The lines of an endless answer."""

    def __init__(
        self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse
    ) -> None:
        self._connection = connection
        self._response = response

    def next(self) -> str:
        """The next line, without its end.

        Raises:
            Lost: at the answer's end, after a silence, or if the connection broke.
        """
        try:
            line = self._response.readline()
        except (OSError, http.client.HTTPException) as error:
            raise Lost(str(error), sent=True) from error
        if not line.endswith(b"\n"):
            raise Lost("the stream ended", sent=True)
        return line.decode("utf-8").rstrip("\r\n")

    def close(self) -> None:
        self._response.close()
        self._connection.close()
