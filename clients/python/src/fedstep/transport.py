"""HTTP with one server: a connection for each thread, and requests repeated until answered."""

from __future__ import annotations

import http.client
import logging
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

from .messages import Body, Incoming, Lines, Lost
from .problems import Problem, Unreachable, problem_of
from .progress import Progress
from .version import VERSION

T = TypeVar("T")

CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 60.0
"""Of a connection on which something is to come; then the request is tried again."""
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0

log = logging.getLogger("fedstep")


@dataclass(frozen=True)
class _Request:
    method: str
    target: str
    headers: Mapping[str, str]
    body: Body | None = None
    wait: float = 0.0
    repeat: bool = True

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


class Transport:
    """Sends requests to one server.

    Args:
        url: its address, such as ``https://fedstep.example:8443``.
        token: a bearer token.
        timeout: seconds for which a request that failed is tried again.
        context: how to speak TLS.
        progress: whether transfers are shown; None for those who look at a terminal.
    """

    def __init__(
        self,
        url: str,
        token: str | None,
        timeout: float,
        context: ssl.SSLContext | None,
        progress: bool | None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no http or https address")
        self.url = url.rstrip("/")
        self.timeout = timeout
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port
        self._prefix = parts.path.rstrip("/")
        self._token = token
        self._context = context
        self._progress = progress
        self._local = threading.local()

    def request(
        self,
        method: str,
        path: str,
        read: Callable[[Incoming], T],
        *,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        wait: float = 0.0,
        repeat: bool = True,
    ) -> T:
        """Sends a request until it is answered, and gives what ``read`` makes of the answer.

        Lost connections, 408, 429, 503, 507 and a round that is about to open are tried again.

        Args:
            wait: seconds that the server may hold the answer back.
            repeat: False for what must not happen twice.

        Raises:
            Problem: if the server refuses.
            Unreachable: if no answer comes in time.
        """
        target = path + ("?" + urlencode(query) if query else "")
        request = _Request(method, target, headers or {}, body, wait, repeat)
        give_up = None  # from the first failure on: what takes long is not what fails
        tries = 0
        lost_one = False
        while True:
            tries += 1
            error: Problem | Unreachable
            try:
                return self._exchange(request, read)
            except Lost as lost:
                error = Unreachable(f"{method} {self.url}{path}: {lost}")
                error.__cause__ = lost.__cause__
                if lost.final or (lost.sent and not repeat):
                    raise error from lost.__cause__
                lost_one = lost_one or lost.sent
                pause = _pause(tries)
            except Problem as problem:
                problem.repeated = lost_one
                again = _pause_after(problem, tries, repeat)
                if again is None:
                    raise
                error, pause = problem, again
            give_up = give_up or time.monotonic() + self.timeout
            if time.monotonic() + pause > give_up:
                raise error
            log.log(
                logging.WARNING if pause >= 1 else logging.INFO,
                "%s; trying again in %.1f s",
                error,
                pause,
            )
            time.sleep(pause)

    def _exchange(self, request: _Request, read: Callable[[Incoming], T]) -> T:
        connection = self._connection(fresh=not request.repeat)
        clean = False  # or what was on its way would be taken for the next answer
        try:
            broken = self._send(connection, request)
            response = _response(connection, broken)
            with Progress(request.path, response.length or 0, self._progress) as progress:
                incoming = Incoming(response, progress)
                if not (200 <= incoming.status < 300 or incoming.status == 304):
                    problem = problem_of(incoming.status, incoming.headers, incoming.read())
                    clean = broken is None
                    raise problem
                result = read(incoming)
                incoming.read()
            clean = True
            return result
        finally:
            if not clean:
                connection.close()

    def _send(self, connection: http.client.HTTPConnection, request: _Request) -> OSError | None:
        """Sends all it can; what broke on the way, for the server may have answered before."""
        try:
            if connection.sock is None:
                connection.connect()
        except ssl.SSLCertVerificationError as error:
            raise Lost(str(error), sent=False, final=True) from error
        except OSError as error:
            raise Lost(str(error), sent=False) from error
        connection.sock.settimeout(SILENCE_SECONDS + request.wait)
        connection.putrequest(
            request.method, self._prefix + request.target, skip_accept_encoding=True
        )
        connection.putheader("Accept-Encoding", "identity")
        connection.putheader("User-Agent", "fedstep-python/" + VERSION)
        if self._token is not None:
            connection.putheader("Authorization", "Bearer " + self._token)
        for name, value in request.headers.items():
            connection.putheader(name, value)
        body = request.body
        if body is not None:
            connection.putheader("Content-Type", body.kind)
        if body is not None or request.method in ("PUT", "POST"):
            connection.putheader("Content-Length", str(body.length if body else 0))
        try:
            connection.endheaders()
        except OSError as error:
            return error
        if body is None:
            return None
        with Progress(request.path, body.length, self._progress) as progress:
            for piece in body.pieces():
                try:
                    connection.sock.sendall(piece)
                except OSError as error:
                    return error
                progress.add(len(piece))
        return None

    def stream(self, path: str, headers: Mapping[str, str]) -> Lines:
        """An answer without end, read line by line on a connection of its own.

        Raises:
            Problem: if the server refuses.
            Lost: if it cannot be reached.
        """
        connection = self._open()
        try:
            broken = self._send(connection, _Request("GET", path, headers))
            response = _response(connection, broken)
            if response.status != 200:
                raise problem_of(response.status, response.headers, response.read())
            return Lines(connection, response)
        except BaseException:
            connection.close()
            raise

    def _connection(self, fresh: bool) -> http.client.HTTPConnection:
        kept: _Kept | None = getattr(self._local, "kept", None)
        if kept is None:
            kept = self._local.kept = _Kept(self._open())
        elif fresh:
            kept.connection.close()  # one that was idle may break just when it is used
        return kept.connection

    def _open(self) -> http.client.HTTPConnection:
        if self._secure:
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=CONNECT_SECONDS, context=self._context
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=CONNECT_SECONDS)

    def close(self) -> None:
        """Closes this thread's connection; the next request opens another."""
        kept: _Kept | None = getattr(self._local, "kept", None)
        if kept is not None:
            kept.connection.close()


class _Kept:
    """A thread's connection, which is closed when the thread ends."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()


def _response(
    connection: http.client.HTTPConnection, broken: OSError | None
) -> http.client.HTTPResponse:
    """The answer. After a broken upload only a refusal counts."""
    try:
        response = connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        why = broken or error
        raise Lost(str(why) or type(why).__name__, sent=True) from why
    if broken is not None and response.status < 400:
        raise Lost(str(broken), sent=True) from broken
    return response


def _pause(tries: int) -> float:
    return float(min(FIRST_PAUSE_SECONDS * 2 ** min(tries - 1, 10), LONGEST_PAUSE_SECONDS))


def _pause_after(problem: Problem, tries: int, repeat: bool) -> float | None:
    """Seconds until a refused request is worth another try, or None if it never is."""
    if problem.code == "model-failed":
        return None
    if problem.code == "round-not-open":
        return problem.retry_after
    if problem.status in (408, 429, 503, 507) or (repeat and problem.status in (502, 504)):
        return problem.retry_after or _pause(tries)
    return None
