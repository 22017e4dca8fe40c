"""Who a client is for others, whatever the server says: an Ed25519 key (RFC 8032)."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .base64url import text_of


class Identity:
    """A client's signing key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = key.public_key().public_bytes_raw()

    @staticmethod
    def new() -> Identity:
        """A random one."""
        return Identity(Ed25519PrivateKey.generate())

    @staticmethod
    def load(file: str | os.PathLike[str]) -> Identity:
        """The one in a file of PEM (PKCS #8).

        Raises:
            ValueError: if the file has something else.
        """
        content = Path(file).read_bytes()
        try:
            key = serialization.load_pem_private_key(content, None)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{os.fspath(file)} has no Ed25519 key: {error}") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"{os.fspath(file)} has a key, but none of Ed25519")
        return Identity(key)

    def save(self, file: str | os.PathLike[str]) -> None:
        """Writes it to a file that only its owner may read, and that was not there before."""
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(
                self._key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            )

    @property
    def text(self) -> str:
        """The public key as others write it down."""
        return text_of(self.public)

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(message)


def has_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature is one of a message, by a public key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
