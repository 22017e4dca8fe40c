"""What members sign where identities are pinned, and whom a client knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .base64url import octets_of
from .roster import Start

Trusted = Mapping[str, bytes]
"""The public keys that a client knows others by."""


def trusted_keys(told: Mapping[str, str]) -> Trusted:
    """The keys that a client's caller trusts, as they are written down.

    Raises:
        ValueError: if one is no public key.
    """
    return {
        name: octets_of(text, 32, f"the trusted key of {name!r}") for name, text in told.items()
    }


def join_message(start: Start, client: str, mask_key: bytes, share_key: bytes) -> bytes:
    """That these are a member's keys in this round."""
    lines = ("fedstep-secure-1 join", start.model, str(start.round), start.base, client, "")
    return "\n".join(lines).encode() + mask_key + share_key


def shared_message(tag: bytes, indices: Iterable[int]) -> bytes:
    """Who shared: the members with whom one masked."""
    return b"fedstep-secure-1 shared\n" + tag + bytes(sorted(indices))
