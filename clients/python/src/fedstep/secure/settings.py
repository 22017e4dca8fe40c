"""What a model's spec says about secure rounds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

SIGMA = 2.0**24
"""The standard deviation of the noise in a sum, in steps of the grid."""


@dataclass(frozen=True)
class Noise:
    """The noise that each client adds (``"where": "clients"``).

    Attributes:
        clip_norm: the L2 norm to which an update is cut.
        multiplier: the standard deviation of the noise of a whole sum, in units of the largest
            change that one client makes.
        collusion: how many members may tell the server theirs.
    """

    clip_norm: float
    multiplier: float
    collusion: int

    def spacing(self, parameters: int) -> float:
        """Steps of the grid in one: ``G``; not above 0 where so many coordinates are too many."""
        return (SIGMA / self.multiplier - math.sqrt(parameters) / 2) / self.clip_norm


@dataclass(frozen=True)
class Settings:
    """The part of a spec that clients compute with.

    Attributes:
        threshold: the share of members that have to go all the way, as a decimal.
        clip: the largest absolute value of a coordinate; with noise ``clip_norm``.
        bits: of a word.
        max_weight: the largest weight.
        metrics: the names that every update has.
        pinned: whether members sign with keys that the others know.
        min_updates: the fewest members.
        noise: None where clients add none.
    """

    threshold: Fraction
    clip: float
    bits: int
    max_weight: int
    metrics: tuple[str, ...]
    pinned: bool
    min_updates: int
    noise: Noise | None = None

    @staticmethod
    def of(spec: Mapping[str, Any]) -> Settings:
        """Those of a model that has ``secure``.

        Raises:
            KeyError, TypeError, ValueError: if something is missing or is no number.
        """
        secure = spec["secure"]
        noise = _noise(spec.get("privacy") or {})
        return Settings(
            threshold=Fraction(repr(float(secure["threshold"]))),
            clip=float(secure["clip"]) if noise is None else noise.clip_norm,
            bits=int(secure.get("bits", 64)),
            max_weight=int(secure["max_weight"]) if noise is None else 1,
            metrics=tuple(map(str, secure.get("metrics") or ())),
            pinned=secure["identities"] != "any",
            min_updates=int(spec["round"]["min_updates"]),
            noise=noise,
        )

    def threshold_of(self, members: int) -> int:
        """How many of so many members have to go all the way."""
        return math.floor(self.threshold * members) + 1

    def fits(self, fraction_bits: int, members: int) -> bool:
        """Whether the sum of so many members stays within a word."""
        if self.noise is not None:
            return fraction_bits == 0
        if not 8 <= fraction_bits <= 81:
            return False
        largest = members * self.max_weight * Fraction(self.clip)
        return largest * (1 << fraction_bits) < 1 << (self.bits - 1)


def _noise(privacy: Mapping[str, Any]) -> Noise | None:
    if privacy.get("where") != "clients":
        return None
    multiplier = float(privacy["noise_multiplier"])
    return Noise(float(privacy["clip_norm"]), multiplier, int(privacy.get("collusion", 0)))
