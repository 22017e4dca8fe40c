"""How a client says who it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from .pool import basic

Token = str | os.PathLike[str] | Callable[[], str]
"""A token, a file that has it, or what gives it."""


class Credentials:
    """Fields that go with every request.

    Args:
        url: may have a user and a password.
        token: a bearer token; from a file or a function it is asked for again once it is refused.
        headers: other fields.
    """

    def __init__(self, url: str, token: Token | None, headers: Mapping[str, str] | None) -> None:
        self._headers = dict(headers or {}) | basic(url, "basic_auth")
        if token is not None and any(name.lower() == "authorization" for name in self._headers):
            raise ValueError("a token and another Authorization cannot both be sent")
        self._token = token
        self._known: str | None = token if isinstance(token, str) else None

    @property
    def names(self) -> set[str]:
        """The fields that are for this server alone."""
        return {*self._headers, "Authorization"}

    def fields(self) -> dict[str, str]:
        """What to send."""
        if self._known is None and self._token is not None:
            self._known = self._ask()
        return self._headers | ({} if self._known is None else _bearer(self._known))

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Whether there is something else to send than what was refused."""
        if self._token is None or isinstance(self._token, str):
            return False
        if self.fields() == refused:
            self._known = self._ask()
        return self.fields() != refused

    def _ask(self) -> str:
        if callable(self._token):
            return self._token()
        assert self._token is not None
        return Path(self._token).read_text().strip()


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
