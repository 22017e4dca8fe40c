"""Requests to one server, repeated until they are answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import quote, urlencode, urlsplit

from urllib3 import BaseHTTPResponse, Retry, Timeout

from .credentials import Credentials
from .lost import BREAKS, Lost, lost_by
from .messages import Body, Incoming, Lines, Upload
from .patience import Patience
from .pool import Pool
from .problems import Problem, problem_of
from .progress import Progress
from .version import VERSION

T = TypeVar("T")

CONNECT_SECONDS = 30.0
"""For a connection, and for each piece of a body to go."""
SILENCE_SECONDS = 60.0
"""Of a connection on which something is to come; then the request is tried again."""
LONGEST_HOLD_SECONDS = 30.0
"""The server holds an answer back for at most a minute."""
CUT_SECONDS = 40.0
"""By which a wait's silence is shorter, for it may be cut without a word."""
MOST_REDIRECTS = 5


class _Cut(Exception):
    """A wait ended before its time."""


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
        credentials: go with every request, but not to where another host redirects to.
        pool: where connections come from.
        timeout: seconds for which a request that failed is tried again.
        progress: whether transfers are shown; None for those who look at a terminal.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        pool: Pool,
        timeout: float,
        progress: bool | None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no http or https address")
        host = parts.netloc.rpartition("@")[2]
        self.url = f"{parts.scheme}://{host}{parts.path.rstrip('/')}"
        self.timeout = timeout
        self._credentials = credentials
        self._pool = pool
        self._progress = progress
        self._hold = LONGEST_HOLD_SECONDS
        self._retries = Retry(
            total=None,
            connect=0,
            read=False,
            status=0,
            other=0,
            redirect=MOST_REDIRECTS,
            respect_retry_after_header=False,
            remove_headers_on_redirect=credentials.names,
        )

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
        timeout: float | None = None,
    ) -> T:
        """Sends a request until it is answered, and gives what ``read`` makes of the answer.

        Lost connections, 408, 429, 503, 507 and a round that is about to open are tried again. A
        download that breaks off goes on from where it was.

        Args:
            wait: seconds that the server may be silent in excess of a minute.
            repeat: False for what must not happen twice.
            timeout: in place of the transport's.

        Raises:
            Problem: if the server refuses.
            Unreachable: if no answer comes in time.
        """
        if not repeat:
            self.close()  # a connection that was idle may break just when it is used
        request = _Request(method, _target(path, query), headers or {}, body, wait, repeat)
        patience = self._patience(request, timeout)
        return patience.persist(
            lambda: self._read(request, self._answer(request, patience), read, patience)
        )

    def held(
        self,
        path: str,
        read: Callable[[Incoming], T],
        longest: float,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> T | None:
        """Gives what ``read`` makes of an answer that the server holds back for ``longest`` seconds
        or less. None if the wait was cut, somewhere on the way; the next one is shorter."""
        seconds = min(longest, self._hold)
        query = {**(query or {}), "wait": f"{int(seconds * 1000)}ms"}
        request = _Request("GET", _target(path, query), headers or {}, wait=seconds - CUT_SECONDS)
        patience = self._patience(request, held=seconds > 0)

        def attempt() -> T:
            try:
                response = self._answer(request, patience)
            except (Lost, Problem) as failed:
                if seconds > 0 and _is_cut(failed):
                    raise _Cut from failed
                raise
            return self._read(request, response, read, patience)

        try:
            result = patience.persist(attempt)
        except _Cut:
            self._hold = seconds / 2 if seconds > 1 else 0.0
            return None
        if seconds == self._hold:
            self._hold = min(max(seconds * 1.5, 1.0), LONGEST_HOLD_SECONDS)
        return result

    def resumed(
        self,
        path: str,
        rest: Callable[[int], tuple[Body, Mapping[str, str]]],
        headers: Mapping[str, str],
        offset: Callable[[Incoming], int],
        read: Callable[[Incoming], T],
    ) -> T:
        """Sends a body by PATCH in as many requests as it takes: each goes on where the server says
        that the last one came to. The time for which that is tried begins anew whenever more is
        there.

        Args:
            rest: gives the body from a byte on, and the fields of its request.
            headers: of the question how much is there.
            offset: reads the answer to that.
            read: as for :meth:`request`.
        """
        asked = _Request("HEAD", path, headers)
        patience = Patience(f"PATCH {self.url}{path}", self.timeout, True, parts=True)
        at: int | None = 0

        def attempt() -> T:
            nonlocal at
            if at is None:
                at = self._read(asked, self._answer(asked, patience), offset, patience)
                patience.reached(at)
            body, fields = rest(at)
            request, at = _Request("PATCH", path, fields, body), None
            return self._read(request, self._answer(request, patience), read, patience)

        return patience.persist(attempt)

    def stream(self, path: str, headers: Mapping[str, str]) -> Lines:
        """An answer without end, read line by line on a connection of its own.

        Raises:
            Problem: if the server refuses.
            Lost: if it cannot be reached.
        """
        request = _Request("GET", path, headers)
        return Lines(self._answer(request, self._patience(request)))

    def close(self) -> None:
        """Closes the connections that are not in use; the next request opens another."""
        self._pool.close()

    def _patience(
        self, request: _Request, timeout: float | None = None, held: bool = False
    ) -> Patience:
        what = f"{request.method} {self.url}{request.path}"
        patience = self.timeout if timeout is None else timeout
        return Patience(what, patience, request.repeat, held)

    def _read(
        self,
        request: _Request,
        response: BaseHTTPResponse,
        read: Callable[[Incoming], T],
        patience: Patience,
    ) -> T:
        """What is made of an answer, whose rest is fetched where it breaks off."""
        tag = response.headers.get("ETag", "")

        def resume(at: int, lost: Lost) -> BaseHTTPResponse:
            patience.reached(at)
            patience.wait(lost)
            fields = {**request.headers, "Range": f"bytes={at}-", "If-Range": tag}
            rest = replace(request, headers=fields)
            found = patience.persist(lambda: self._answer(rest, patience))
            if not found.headers.get("Content-Range", "").startswith(f"bytes {at}-"):
                found.close()
                raise lost  # something else is there by now: from its beginning, then
            return found

        can_resume = tag.startswith('"') and response.status == 200 and request.method == "GET"
        length = int(response.headers.get("Content-Length", 0))
        with Progress(request.path, length, self._progress) as progress:
            incoming = Incoming(response, progress, resume if can_resume else None)
            try:
                result = read(incoming)
                incoming.read()
                return result
            finally:
                incoming.close()

    def _answer(self, request: _Request, patience: Patience) -> BaseHTTPResponse:
        """An answer that is no refusal; with other credentials if the first ones were refused."""
        fields = self._credentials.fields()
        try:
            return self._send(request, fields, patience)
        except Problem as problem:
            if problem.status != 401 or not self._credentials.renew(fields):
                raise
            return self._send(request, self._credentials.fields(), patience)

    def _send(
        self, request: _Request, fields: Mapping[str, str], patience: Patience
    ) -> BaseHTTPResponse:
        upload, headers = None, {**_OURS, **fields, **request.headers}
        if request.body is not None:
            upload = Upload(request.body, request.path, self._progress)
            headers |= {"Content-Type": request.body.kind}
            headers |= {"Content-Length": str(request.body.length)}
        connect = min(CONNECT_SECONDS, max(patience.left(), 0.1))
        try:
            response = self._pool.manager().urlopen(
                request.method,
                self.url + request.target,
                body=upload,
                headers=headers,
                retries=self._retries,
                timeout=Timeout(connect=connect, read=SILENCE_SECONDS + request.wait),
                preload_content=False,
            )
        except BREAKS as error:
            raise lost_by(error) from error
        try:
            if 200 <= response.status < 300 or response.status == 304:
                if upload is not None and not upload.whole:
                    raise Lost("the connection broke while a body was sent", sent=True)
                return response
            raise problem_of(response.status, response.headers, response.read())
        except BREAKS as error:
            response.close()
            raise lost_by(error) from error
        except (Lost, Problem):
            response.close()
            raise


_OURS = {"Accept-Encoding": "identity", "User-Agent": f"fedstep-python/{VERSION}"}


def _target(path: str, query: Mapping[str, object] | None) -> str:
    return path + ("?" + urlencode(query, quote_via=quote) if query else "")


def _is_cut(failed: Lost | Problem) -> bool:
    """Whether what was asked for may only have taken too long for somebody on the way."""
    if isinstance(failed, Lost):
        return failed.sent and not failed.final
    return failed.status in (502, 504)
