"""Keys of one round: X25519 (RFC 7748), HKDF-SHA256 (RFC 5869), AES-256-GCM."""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = bytes(12)
"""Each key seals once."""


class KeyPair:
    """An X25519 key pair of 32 random bytes."""

    def __init__(self, private: bytes) -> None:
        self._private = X25519PrivateKey.from_private_bytes(private)
        self.public = self._private.public_key().public_bytes_raw()

    def private_bytes(self) -> bytes:
        return self._private.private_bytes_raw()

    def agree(self, peer: bytes) -> bytes:
        """The secret shared with another's public key.

        Raises:
            ValueError: if it is zeros, or the key has not 32 bytes.
        """
        return self._private.exchange(X25519PublicKey.from_public_bytes(peer))


def derive(secret: bytes, salt: bytes, info: bytes) -> bytes:
    """A key of 32 bytes."""
    return HKDF(SHA256(), 32, salt, info).derive(secret)


def mask_seed(pair: KeyPair, peer: bytes, tag: bytes, own: int, other: int) -> bytes:
    """The seed of the mask between two members, the same at both ends.

    Args:
        pair: one's mask pair.
        peer: the other's public mask key.
        tag: the round's.
        own: one's index.
        other: the other's.
    """
    info = b"fedstep mask" + bytes((min(own, other), max(own, other)))
    return derive(pair.agree(peer), tag, info)


def seal_key(pair: KeyPair, peer: bytes, tag: bytes, sender: int, receiver: int) -> bytes:
    """The key of what one member seals for another.

    Args:
        pair: the share pair of one of both.
        peer: the other's public share key.
        tag: the round's.
    """
    return derive(pair.agree(peer), tag, b"fedstep share" + bytes((sender, receiver)))


def seal(key: bytes, plain: bytes, associated: bytes) -> bytes:
    """Ciphertext and tag."""
    return AESGCM(key).encrypt(_NONCE, plain, associated)


def unseal(key: bytes, sealed: bytes, associated: bytes) -> bytes:
    """What was sealed.

    Raises:
        ValueError: if it was not sealed with this key and these associated bytes.
    """
    try:
        return AESGCM(key).decrypt(_NONCE, sealed, associated)
    except InvalidTag:
        raise ValueError("it was sealed otherwise") from None


def commitment(tag: bytes, index: int, self_seed: bytes) -> bytes:
    """By which the server knows a self seed when it sees it."""
    return hashlib.sha256(b"fedstep self" + tag + bytes((index,)) + self_seed).digest()
