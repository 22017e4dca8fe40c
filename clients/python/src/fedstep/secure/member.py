"""A client's part in one secure round, without a network."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ..messages import Body
from ..problems import Unsafe
from . import rules
from .asked import Unmasking, shares_of
from .base64url import text_of
from .fixed_point import FixedPoint
from .grid import TILE, NoisyGrid, norm_of
from .identity import Identity
from .keys import KeyPair, commitment, mask_seed, seal, seal_key
from .masks import Masks
from .roster import Peer, Roster, Start
from .settings import Settings
from .shamir import split
from .statements import Trusted, join_message, shared_message
from .stream import Encoding, Stream

MASKED = "application/vnd.fedstep.masked"

Document = dict[str, Any]
T = TypeVar("T")


@dataclass(repr=False)
class _Secrets:
    """What nobody but the member knows. Of those with whom it masks, itself too, it has shares of
    the mask key and the self seed, by name; with the others seeds of masks, by index."""

    mask_pair: KeyPair
    share_pair: KeyPair
    self_seed: bytes = b""
    shares: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    seeds: dict[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class _Fixed:
    """What holds once the roster is fixed: it, the round's tag, the own place, what was shared."""

    roster: Roster
    tag: bytes
    own: Peer
    shared: Document


class Member:
    """What a client sends in a round, and the secrets of it. What it is asked twice it answers
    twice the same; what the rules forbid raises :class:`fedstep.Unsafe`.

    Args:
        start: what the round trains from.
        client: the client's id.
        settings: of the model.
        identity: with which it signs, where identities are pinned.
        trusted: whom it knows; None where it was not told.
        random: gives so many random bytes.
    """

    def __init__(
        self,
        start: Start,
        client: str,
        settings: Settings,
        *,
        identity: Identity | None,
        trusted: Trusted | None,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        rules.check_settings(
            settings,
            start.parameters,
            can_sign=identity is not None,
            must_pin=identity is not None or trusted is not None,
        )
        self._start = start
        self._client = client
        self._settings = settings
        self._identity = identity if settings.pinned else None
        own = {} if identity is None else {client: identity.public}
        self._trusted = {**(trusted or {}), **own}
        self._random = random
        self._secrets: _Secrets | None = _Secrets(KeyPair(random(32)), KeyPair(random(32)))
        self._once = rules.Once()
        self._fixed: _Fixed | None = None
        self._update: tuple[Stream, Encoding] | None = None

    def join(self) -> Document:
        """Its public keys."""
        keys, start, signature = self._public(), self._start, None
        if self._identity is not None:
            message = join_message(start, self._client, *keys)
            signature = text_of(self._identity.sign(message))
        return {
            "mask_key": text_of(keys[0]),
            "share_key": text_of(keys[1]),
            "base": start.base,
            "identity": None if self._identity is None else self._identity.text,
            "signature": signature,
        }

    def _public(self) -> tuple[bytes, bytes]:
        secrets = _there(self._secrets)
        return secrets.mask_pair.public, secrets.share_pair.public

    def share(self, document: Mapping[str, Any]) -> Document:
        """Shares of its secrets, for the members of a roster."""
        roster = _read(lambda: Roster.of(document, self._settings.pinned))
        tag = rules.check_roster(
            roster,
            self._settings,
            self._start,
            client=self._client,
            own_keys=self._public(),
            trusted=self._trusted,
        )
        self._once.first("share", tag)
        if self._fixed is None:
            own = _there(roster.find(self._client))
            self._fixed = _Fixed(roster, tag, own, self._share(roster, tag, own))
        return self._fixed.shared

    def _share(self, roster: Roster, tag: bytes, own: Peer) -> Document:
        secrets = _there(self._secrets)
        secrets.self_seed = self._random(32)
        shares = [
            split(secret, [self._random(32) for _ in range(roster.threshold - 1)], len(roster))
            for secret in (secrets.mask_pair.private_bytes(), secrets.self_seed)
        ]
        sealed: list[str | None] = []
        for peer, key, seed in zip(roster.members, *shares, strict=True):
            if peer == own:
                secrets.shares[peer.client] = key, seed
                sealed.append(None)
            else:
                both = own.index, peer.index
                with_key = _seal_key(secrets, peer, tag, *both)
                sealed.append(text_of(seal(with_key, key + seed, tag + bytes(both))))
        promise = commitment(tag, own.index, secrets.self_seed)
        return {"commitment": text_of(promise), "shares": sealed}

    @property
    def query(self) -> dict[str, object]:
        """By which the server knows that both have the same roster."""
        return {"roster": f"sha256:{_there(self._fixed).tag.hex()}"}

    def open(self, document: Mapping[str, Any]) -> None:
        """Takes the shares that others sealed for it, with whom it masks."""
        fixed, secrets = _there(self._fixed), _there(self._secrets)
        sealed = _read(lambda: shares_of(document))
        shared = {*sealed, self._client}
        rules.check_shared(shared, fixed.roster, self._settings)
        self._once.first("mask", frozenset(shared))
        for peer in fixed.roster.members:
            if peer.client in sealed and peer != fixed.own:
                both = peer.index, fixed.own.index
                key = _seal_key(secrets, peer, fixed.tag, *both)
                plain = rules.opened(key, sealed[peer.client], fixed.tag + bytes(both), peer)
                secrets.shares[peer.client] = plain[:32], plain[32:]
                secrets.seeds[peer.index] = _seed(secrets, peer, fixed)

    def update(self, stream: Stream) -> tuple[dict[str, object], Body]:
        """The masked update, and what goes beside it."""
        fixed = _there(self._fixed)
        self._once.first("send an update", id(stream))
        if self._update is None:
            self._update = stream, self._encoding(stream)
        query = self.query
        if self._identity is not None:
            message = shared_message(fixed.tag, [peer.index for peer in self._masked_with()])
            query["signature"] = text_of(self._identity.sign(message))
        return query, Body(MASKED, stream.bytes, self._masked)

    def _encoding(self, stream: Stream) -> Encoding:
        settings, roster = self._settings, _there(self._fixed).roster
        if settings.noise is None:
            return FixedPoint(settings.clip, roster.fraction_bits, stream.numbers.weight)
        norm = norm_of(stream.flat.blocks(TILE))
        key = self._random(32)
        return NoisyGrid(settings.noise, stream.flat.size, norm, roster.threshold, key)

    def _masked(self) -> Iterator[memoryview]:
        stream, encoding = _there(self._update)
        masks = self._masks()
        for words in stream.blocks(encoding):
            if words.size:
                masks.apply(words)
                yield words.data.cast("B")

    def _masks(self) -> Masks:
        secrets, own = _there(self._secrets), _there(self._fixed).own.index
        after = [seed for index, seed in secrets.seeds.items() if index > own]
        before = [seed for index, seed in secrets.seeds.items() if index < own]
        return Masks([secrets.self_seed, *after], before)

    def _masked_with(self) -> list[Peer]:
        shares = _there(self._secrets).shares
        return [peer for peer in _there(self._fixed).roster.members if peer.client in shares]

    def reveal(self, document: Mapping[str, Any]) -> Document:
        """Shares of what has to be opened so that the sum can be."""
        fixed, shares = _there(self._fixed), _there(self._secrets).shares
        asked = _read(lambda: Unmasking.of(document, self._settings.pinned))
        rules.check_unmasking(
            asked,
            fixed.roster,
            self._settings,
            client=self._client,
            shared=shares.keys(),
            tag=fixed.tag,
        )
        self._once.first("answer", (frozenset(asked.online), frozenset(asked.missing)))
        return {
            "self": {name: text_of(shares[name][1]) for name in asked.online},
            "key": {name: text_of(shares[name][0]) for name in asked.missing},
        }

    def forget(self) -> None:
        """Drops the secrets, once the round is over."""
        self._secrets = self._update = None


def _there(value: T | None) -> T:
    """A value of a stage that has been, in a round that is not over."""
    if value is None:
        raise Unsafe("the round is over here, or has not come so far")
    return value


def _seal_key(secrets: _Secrets, peer: Peer, tag: bytes, sender: int, receiver: int) -> bytes:
    pair, other = secrets.share_pair, peer.share_key
    return _read(lambda: seal_key(pair, other, tag, sender, receiver))


def _seed(secrets: _Secrets, peer: Peer, fixed: _Fixed) -> bytes:
    both = fixed.own.index, peer.index
    return _read(lambda: mask_seed(secrets.mask_pair, peer.mask_key, fixed.tag, *both))


def _read(read: Callable[[], T]) -> T:
    """What the server says; where it is nonsense, the round is sat out."""
    try:
        return read()
    except ValueError as error:
        raise Unsafe(str(error)) from None
