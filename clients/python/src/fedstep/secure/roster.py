"""The members of a round, and the tag that names all they agree on."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..tensors import Arrays
from .base64url import octets_of, text_of
from .settings import Settings

MOST_MEMBERS = 255


@dataclass(frozen=True)
class Start:
    """What a round trains from.

    Attributes:
        model: its name.
        round: its number, which is the version's.
        base: the tag of the weights.
        parameters: how many coordinates there are.
        weights: the SHA-256 of their little-endian bytes.
    """

    model: str
    round: int
    base: str
    parameters: int
    weights: bytes

    @staticmethod
    def of(model: str, round: int, base: str, arrays: Arrays) -> Start:
        """From weights as they came: a step may change them."""
        digest = hashlib.sha256()
        for array in arrays.values():
            digest.update(array.reshape(-1).view(np.uint8).data)
        return Start(
            model, round, base, sum(array.size for array in arrays.values()), digest.digest()
        )


@dataclass(frozen=True)
class Peer:
    """A member as the roster tells of it; without ``pinned`` it has neither identity nor
    signature."""

    client: str
    index: int
    mask_key: bytes
    share_key: bytes
    identity: bytes | None
    signature: bytes | None


@dataclass(frozen=True)
class Roster:
    """The members of a round, as the server tells of them."""

    round: int
    base: str
    threshold: int
    fraction_bits: int
    digest: str
    members: tuple[Peer, ...]

    @staticmethod
    def of(document: Mapping[str, Any], pinned: bool) -> Roster:
        """Reads one.

        Raises:
            ValueError: if something is not of the form that it should have.
        """
        try:
            members = tuple(_peer(member, pinned) for member in document["members"])
            return Roster(
                round=int(document["round"]),
                base=document["base"],
                threshold=int(document["threshold"]),
                fraction_bits=int(document["fraction_bits"]),
                digest=document["digest"],
                members=members,
            )
        except (KeyError, OverflowError, TypeError) as error:
            raise ValueError(f"the roster is malformed: {error!r}") from None

    def __len__(self) -> int:
        return len(self.members)

    def find(self, client: str) -> Peer | None:
        """The member of a name."""
        return next((member for member in self.members if member.client == client), None)


def _peer(member: Mapping[str, Any], pinned: bool) -> Peer:
    whose = f"of {str(member['client'])[:128]!r}"
    return Peer(
        client=member["client"],
        index=int(member["index"]),
        mask_key=octets_of(member["mask_key"], 32, f"the mask_key {whose}"),
        share_key=octets_of(member["share_key"], 32, f"the share_key {whose}"),
        identity=octets_of(member["identity"], 32, f"the identity {whose}") if pinned else None,
        signature=octets_of(member["signature"], 64, f"the signature {whose}") if pinned else None,
    )


def tag_text(start: Start, settings: Settings, roster: Roster) -> str:
    """What the round's tag is made of."""
    noise = settings.noise
    lines = [
        "fedstep-secure-1",
        f"model={start.model}",
        f"round={start.round}",
        f"base={start.base}",
        f"parameters={start.parameters}",
        f"weights={start.weights.hex()}",
        f"bits={settings.bits}",
        f"fraction_bits={roster.fraction_bits}",
        f"clip={_hex(settings.clip)}",
        f"max_weight={settings.max_weight}",
        f"metrics={','.join(settings.metrics)}",
        f"threshold={settings.threshold_of(len(roster))}",
    ]
    if noise is not None:
        lines += [f"noise_multiplier={_hex(noise.multiplier)}", f"collusion={noise.collusion}"]
    for peer in roster.members:
        keys = f"{text_of(peer.mask_key)} {text_of(peer.share_key)}"
        lines.append(f"member={peer.index} {peer.client} {keys}")
    return "".join(line + "\n" for line in lines)


def tag_of(start: Start, settings: Settings, roster: Roster) -> bytes:
    """The round's tag, 32 bytes; all keys of the round depend on it."""
    return hashlib.sha256(tag_text(start, settings, roster).encode()).digest()


def _hex(number: float) -> str:
    return struct.pack(">d", number).hex()
