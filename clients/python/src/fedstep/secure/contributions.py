"""A client's updates to a secure model, one round after the other."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..answers import Json, Weights
from ..metrics import Metrics
from ..problems import (
    OVERTAKEN,
    Problem,
    RoundClosed,
    TrainingStopped,
    Unsafe,
    another_process,
)
from ..transport import Transport
from .flat import Flat
from .identity import Identity
from .member import Member
from .part import Part
from .roster import Start
from .settings import Settings
from .stages import Stages
from .statements import Trusted
from .stream import Numbers, Stream

if TYPE_CHECKING:
    from ..client import Client
    from ..training import Update

log = logging.getLogger("fedstep")

Train = Callable[[Callable[["Update"], Stream]], "Stream | None"]
"""Runs the local step, and gives what is made of its update; None to sit out."""


@dataclass
class _Open:
    """The round that a client takes part in; ``stream`` once it has trained."""

    base: str
    settings: Settings
    part: Part
    stream: Stream | None = None


class Contributions:
    """Sends a model's updates masked.

    Args:
        client: who it is.
        transport: to the server.
        model: its name.
        identity: the key that others know it by.
        trusted: whom it knows; None where it was not told.
    """

    def __init__(
        self,
        client: Client,
        transport: Transport,
        model: str,
        identity: Identity | None,
        trusted: Trusted | None,
    ) -> None:
        self._client = client
        self._transport = transport
        self._model = model
        self._identity = identity
        self._trusted = trusted
        self._metrics = Metrics()
        self._open: _Open | None = None
        self._warned = False

    def contribute(self, weights: Weights, train: Train) -> bool:
        """Takes part in the round of these weights; again, where training was stopped meanwhile.

        Returns:
            Whether there is an update of this client.

        Raises:
            Unsafe: for a model that can never be trained safely; where a round cannot, it is sat
                out, with a warning.
            TrainingStopped: this round may go on.
        """
        opened = self._round_of(weights)
        over = True
        try:
            opened.part.begin()
            if opened.stream is None:
                opened.stream = train(lambda update: self._stream(update, weights, opened.settings))
            if opened.stream is not None:
                opened.part.finish(opened.stream)
        except Unsafe as broken:
            log.warning("round %d of %r is sat out: %s", weights.version, self._model, broken)
        except TrainingStopped:
            over = False
            raise
        except Problem as problem:
            if problem.code == "update-differs":
                id, number = self._client.client_id, weights.version
                raise another_process(id, self._model, number) from problem
            if not isinstance(problem, RoundClosed) and problem.code not in OVERTAKEN:
                raise
            log.info("round %d of %r is over here: %s", weights.version, self._model, problem)
        finally:
            if over:
                opened.part.leave()
                self._open = None
        return opened.part.has_sent

    def _round_of(self, weights: Weights) -> _Open:
        if self._open is None or self._open.base != weights.base:
            if self._open is not None:
                self._open.part.leave()
            spec = self._client.model(self._model)
            if not spec.get("secure"):
                self._client.told.check_plain(self._model)
            settings, client = _settings(spec), self._client.check_id()
            self._client.told.check_noise(self._model, settings.noise)
            member = Member(
                Start.of(self._model, weights.version, weights.base, weights.arrays),
                client,
                settings,
                identity=self._identity,
                trusted=self._trusted,
            )
            stages = Stages(self._transport, self._model, weights.version, client)
            self._open = _Open(weights.base, settings, Part(member, stages))
        return self._open

    def _stream(self, update: Update, weights: Weights, settings: Settings) -> Stream:
        for name in update.metrics.keys() - set(settings.metrics):
            self._metrics.leave_out(name, "the sum of this secure model has no place for it")
        numbers = Numbers(update.weight, update.metrics, settings)
        stream = Stream(Flat(update.gradient, weights.arrays), numbers, settings)
        if stream.cut:
            level = logging.INFO if self._warned else logging.WARNING
            self._warned = True
            text = "%d of %d values are beyond the model's clip of %g and cut to it"
            log.log(level, text, stream.cut, stream.flat.size, settings.clip)
        return stream


def _settings(spec: Json) -> Settings:
    try:
        return Settings.of(spec)
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise Unsafe(f"the spec is no secure one: {error!r}") from error
