"""Why there is no answer, and whether to ask again."""

from __future__ import annotations

import http.client
import ssl

from urllib3.exceptions import (
    ClosedPoolError,
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    ProtocolError,
    ProxyError,
    ResponseError,
    SSLError,
)

BREAKS = (HTTPError, OSError, http.client.HTTPException)
"""What is raised where a connection breaks."""

_NEVER_SENT = (ConnectTimeoutError, ProxyError, ClosedPoolError)
_ENDS = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
_HINTS = {
    "CERTIFICATE_VERIFY_FAILED": "ca= (--ca) takes the file with the server's authority",
    "CERTIFICATE_REQUIRED": "the server asks for a certificate: cert= and key= (--cert, --key)",
    "HANDSHAKE_FAILURE": "the server may ask for a certificate: cert= and key= (--cert, --key)",
    "BAD_CERTIFICATE": "the server may ask for a certificate: cert= and key= (--cert, --key)",
    "UNKNOWN_CA": "the server does not know the authority of this certificate",
    "WRONG_VERSION_NUMBER": "no TLS is spoken there; is it http://?",
    "RECORD_LAYER_FAILURE": "no TLS is spoken there; is it http://?",
    "HTTP_REQUEST": "no TLS is spoken there; is it http://?",
}


class Lost(Exception):
    """A connection broke.

    Attributes:
        sent: whether the server may have seen the request.
        final: whether another try would end in the same way.
    """

    def __init__(self, why: str, sent: bool, final: bool = False) -> None:
        super().__init__(why)
        self.sent = sent
        self.final = final


def lost_by(error: BaseException) -> Lost:
    """What an exception of a connection's means."""
    if isinstance(error, MaxRetryError) and error.reason is not None:
        error = error.reason
    root = _root(error)
    why = str(root) or type(root).__name__
    final = isinstance(error, ResponseError) or "Tunnel connection failed: 4" in why
    if isinstance(root, ssl.SSLError) and not isinstance(root, (*_ENDS, TimeoutError)):
        final = True
        why += next((f" ({hint})" for name, hint in _HINTS.items() if name in why.upper()), "")
    lost = Lost(why, sent=not isinstance(error, _NEVER_SENT), final=final)
    lost.__cause__ = error
    return lost


def _root(error: BaseException) -> BaseException:
    """What the library's exceptions are wrapped around."""
    while isinstance(error, (SSLError, ProtocolError, ProxyError, ConnectTimeoutError)):
        inner = [error.__cause__, *reversed(error.args)]
        found = next((one for one in inner if isinstance(one, BaseException)), None)
        if found is None:
            break
        error = found
    return error
