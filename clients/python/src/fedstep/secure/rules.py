"""The rules that keep a client safe from a server that lies: all of them, and nothing else.

Where one is broken a client stops and sits the round out.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from ..problems import Unsafe
from .asked import Unmasking
from .roster import MOST_MEMBERS, Peer, Roster, Start, tag_of
from .settings import Noise, Settings
from .statements import Trusted, join_message, shared_message

T = TypeVar("T", bound=Mapping[str, Any])

LEAST_MEMBERS = 3
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_METRIC = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")


def _demand(holds: bool, broken: str) -> None:
    if not holds:
        raise Unsafe(broken)


class Told:
    """The models of which a client was told that they are secure, by its caller or the server; they
    get nothing in the clear, and nothing with less noise than they were first seen with.

    Args:
        every: whether all are, as for who has an identity.
    """

    def __init__(self, every: bool) -> None:
        self._every = every
        self._models = set[str]()
        self._noise: dict[str, tuple[object, ...]] = {}

    def secure(self, model: str) -> None:
        """Takes note."""
        self._models.add(model)

    def seen(self, model: str, spec: T) -> T:
        """Takes note of what the server says, and gives it."""
        if spec.get("secure"):
            self.secure(model)
            privacy = spec.get("privacy") or {}
            if privacy.get("where") == "clients":
                keys = ("clip_norm", "noise_multiplier", "collusion")
                self._noise.setdefault(model, tuple(privacy.get(key) for key in keys))
        return spec

    def check_plain(self, model: str) -> None:
        """Before anything is sent in the clear, whatever the server says of the model."""
        told = self._every or model in self._models
        _demand(not told, f"{model!r} was told secure: nothing is sent to it in the clear")

    def check_noise(self, model: str, noise: Noise | None) -> None:
        """Before a client takes part: the noise that it adds is never another, as nothing can
        change ``privacy``."""
        known = self._noise.get(model)
        now = noise and (noise.clip_norm, noise.multiplier, noise.collusion)
        _demand(known in (None, now), f"{model!r} was seen with other noise by the clients")


def check_settings(settings: Settings, parameters: int, *, can_sign: bool, must_pin: bool) -> None:
    """The spec is one that can be, with pinned identities for who knows them."""
    _demand(2 * settings.threshold >= 1, "a threshold below a half lets a server ask two halves")
    _demand(settings.threshold < 1, "a threshold of 1 cannot be reached")
    _demand(settings.bits in (32, 64), f"words of {settings.bits} bits")
    _demand(1 <= settings.max_weight <= 1 << 24, f"a max_weight of {settings.max_weight}")
    metrics = settings.metrics
    well_named = len(set(metrics)) == len(metrics) and all(map(_METRIC.fullmatch, metrics))
    _demand(well_named and len(metrics) <= 32, "names of metrics that cannot be")
    _demand(settings.pinned or not must_pin, "identities are not pinned, and here they are")
    _demand(can_sign or not settings.pinned, "identities are pinned: Client(…, identity=…)")
    noise = settings.noise
    if noise is None:
        _demand(2**-20 <= settings.clip <= 2**20, f"a clip of {settings.clip}")
    else:
        _demand(1e-30 <= noise.clip_norm <= 1e30, f"a clip_norm of {noise.clip_norm}")
        _demand(noise.multiplier >= 0.1, f"a noise_multiplier of {noise.multiplier}")
        _demand(noise.collusion >= 0 and settings.bits == 64, "noise that cannot be")
        _demand(noise.spacing(parameters) > 0, "too many coordinates for the noise")


def least(settings: Settings, members: int) -> int:
    """How many of a roster have to be left at each stage."""
    return max(settings.threshold_of(members), settings.min_updates)


def check_roster(
    roster: Roster,
    settings: Settings,
    start: Start,
    *,
    client: str,
    own_keys: tuple[bytes, bytes],
    trusted: Trusted,
) -> bytes:
    """A client shares only with a roster that is what it says.

    Args:
        own_keys: the public mask and share key.
        trusted: whom it knows, itself too; looked at where identities are pinned.

    Returns:
        The round's tag.
    """
    members = roster.members
    count = len(members)
    ids = [peer.client for peer in members]
    _demand(all(isinstance(id, str) and _ID.fullmatch(id) for id in ids), "ids that cannot be")
    own = roster.find(client)
    _demand(
        own is not None and (own.mask_key, own.share_key) == own_keys,
        f"the roster has not this client's keys at {client!r}: "
        "another process may have joined with its id, or this one in an earlier life",
    )
    _demand(all(a < b for a, b in itertools.pairwise(ids)), "members out of order")
    _demand([p.index for p in members] == list(range(1, count + 1)), "indices that are not 1 … n")
    fewest = max(LEAST_MEMBERS, settings.min_updates)
    _demand(fewest <= count <= MOST_MEMBERS, f"{count} members, not {fewest} to {MOST_MEMBERS}")
    t = settings.threshold_of(count)
    _demand(roster.threshold == t, f"a threshold of {roster.threshold}, not {t}")
    _demand(
        settings.fits(roster.fraction_bits, count),
        f"{roster.fraction_bits} fraction bits, which the sum of {count} members does not allow",
    )
    noise = settings.noise
    _demand(noise is None or noise.collusion < t, "as many may collude as have to go all the way")
    _demand((roster.round, roster.base) == (start.round, start.base), "weights of another version")
    if settings.pinned:
        _check_signatures(roster, start, trusted)
    tag = tag_of(start, settings, roster)
    _demand(roster.digest == f"sha256:{tag.hex()}", "a digest of other weights, settings or keys")
    return tag


def _check_signatures(roster: Roster, start: Start, trusted: Trusted) -> None:
    from .identity import has_signed  # noqa: PLC0415 - wants cryptography

    for peer in roster.members:
        known = trusted.get(peer.client)
        _demand(known is not None, f"nobody said which identity to trust as {peer.client!r}")
        _demand(peer.identity == known, f"{peer.client!r} has not the trusted identity")
        message = join_message(start, peer.client, peer.mask_key, peer.share_key)
        signed = known is not None and has_signed(known, message, peer.signature or b"")
        _demand(signed, f"{peer.client!r} has not signed its keys")


def check_shared(shared: Collection[str], roster: Roster, settings: Settings) -> None:
    """A client masks for members of the roster, and enough of them.

    Args:
        shared: the names of those who shared, this client's too.
    """
    ids = {peer.client for peer in roster.members}
    _demand(ids.issuperset(shared), "shares of somebody who is no member")
    fewest = least(settings, len(ids))
    _demand(len(shared) >= fewest, f"{len(shared)} members shared, not {fewest}")


def opened(key: bytes, sealed: bytes, associated: bytes, sender: Peer) -> bytes:
    """A client masks after every share addressed to it has opened."""
    from .keys import unseal  # noqa: PLC0415 - wants cryptography

    try:
        return unseal(key, sealed, associated)
    except ValueError:
        raise Unsafe(f"the share of {sender.client!r} does not open") from None


def check_unmasking(
    asked: Unmasking,
    roster: Roster,
    settings: Settings,
    *,
    client: str,
    shared: Collection[str],
    tag: bytes,
) -> None:
    """A client reveals one secret of each member with whom it masked, and not where too few are
    left, or, pinned, where one masked with others.

    Args:
        shared: with whom this client masked, itself too.
    """
    both = asked.online + asked.missing
    _demand(len(set(both)) == len(both), "somebody is asked for twice")
    _demand(set(both) == set(shared), "others are asked for than those who shared")
    _demand(client in asked.online, "the update of this client is called missing")
    fewest, count = least(settings, len(roster)), len(asked.online)
    _demand(count >= fewest, f"{count} updates are in, not {fewest}")
    if settings.pinned:
        from .identity import has_signed  # noqa: PLC0415 - wants cryptography

        indices = [peer.index for peer in roster.members if peer.client in shared]
        message = shared_message(tag, indices)
        for peer in roster.members:
            if peer.client in asked.online:
                signature = asked.signatures[peer.client]
                signed = has_signed(peer.identity or b"", message, signature)
                _demand(signed, f"{peer.client!r} has not signed that the same members shared")


class Once:
    """What is done once with the keys of a round; what is sent again is the same object."""

    def __init__(self) -> None:
        self._done: dict[str, object] = {}

    def first(self, what: str, of: object) -> None:
        """Notes that something is done, with what it is done.

        Raises:
            Unsafe: if it has been done with something else.
        """
        _demand(self._done.setdefault(what, of) == of, f"{what} a second time, with something else")
