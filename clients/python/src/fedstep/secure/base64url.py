"""Bytes as the text of JSON: base64url without padding (RFC 4648)."""

from __future__ import annotations

import base64
from typing import Any


def text_of(octets: bytes) -> str:
    """Bytes as text."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def octets_of(text: Any, length: int, what: str) -> bytes:
    """Text as so many bytes.

    Raises:
        ValueError: if it is anything else, naming ``what``.
    """
    if isinstance(text, str):
        try:
            octets = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            octets = b""
        if len(octets) == length and text_of(octets) == text:
            return octets
    raise ValueError(f"{what} is not {length} bytes in base64url")
