"""What the server asks of members after the roster, as it tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .base64url import octets_of


def shares_of(document: Mapping[str, Any]) -> dict[str, bytes]:
    """What the others sealed for a member, by name.

    Raises:
        ValueError: if it is not of that form.
    """
    shares = document.get("shares")
    if not isinstance(shares, dict):
        raise ValueError("the shares are malformed")
    return {name: octets_of(text, 80, f"the share of {name!r}") for name, text in shares.items()}


@dataclass(frozen=True)
class Unmasking:
    """Whose secrets are to be opened.

    Attributes:
        online: whose updates are in, by name.
        missing: who shared, and whose updates are not in.
        signatures: of those online, where identities are pinned.
    """

    online: tuple[str, ...]
    missing: tuple[str, ...]
    signatures: Mapping[str, bytes]

    @staticmethod
    def of(document: Mapping[str, Any], pinned: bool) -> Unmasking:
        """Reads one.

        Raises:
            ValueError: if it is not of that form.
        """
        online, missing = (_names(document.get(key)) for key in ("online", "missing"))
        told = document.get("signatures")
        if not pinned:
            return Unmasking(online, missing, {})
        if not isinstance(told, dict):
            raise ValueError("there are no signatures")
        signatures = {
            name: octets_of(told.get(name), 64, f"the signature of {name!r}") for name in online
        }
        return Unmasking(online, missing, signatures)


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError("the names of those to open are malformed")
    return tuple(value)
