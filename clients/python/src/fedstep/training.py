"""A client's loop: fetch the weights, train, submit, wait."""

from __future__ import annotations

import functools
import inspect
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from .answers import Weights
from .problems import (
    OVERTAKEN,
    FedstepError,
    NotInvited,
    Problem,
    RoundClosed,
    TrainingStopped,
    another_process,
)
from .tensors import Arrays, subtract
from .transport import LONGEST_HOLD_SECONDS

if TYPE_CHECKING:
    from .client import Client
    from .rounds import Keeper
    from .secure.contributions import Contributions

T = TypeVar("T")

log = logging.getLogger("fedstep")


@dataclass(frozen=True, eq=False)
class Update:
    """What a client learned in a round.

    Attributes:
        gradient: of the loss, or the weights before training minus those after; tensors by name.
        weight: how many examples or steps it stands for; with 0 it is not sent.
        metrics: such as the loss before training.
        encoding: in which it is sent; None for that of :meth:`fedstep.Client.train`.
        partial: whether tensors may be missing, which then count as not moved.
        local_rate: of a model with ``scaffold-server``, how far a constant gradient of 1 would have
            moved the weights.
        control: the client's own that it was computed with: a round's number, None or ``"lost"``;
            :class:`fedstep.scaffold.Scaffold` sees to it.
        keeper: is told what the server is to receive, before it is sent.
    """

    gradient: Mapping[str, Any]
    weight: float = 1.0
    metrics: Mapping[str, Any] = field(default_factory=dict)
    encoding: str | None = None
    partial: bool = False
    local_rate: float | None = None
    control: int | str | None = None
    keeper: Keeper | None = None

    @staticmethod
    def from_weights(
        before: Arrays,
        after: Mapping[str, Any],
        weight: float = 1.0,
        metrics: Mapping[str, Any] | None = None,
        local_rate: float | None = None,
    ) -> Update:
        """The update of local training that changed the weights; ``after`` may have more
        tensors.

        Raises:
            ValueError: if a tensor has another shape.
            KeyError: if one is missing.
        """
        gradient = subtract(before, after)
        return Update(gradient, weight, metrics or {}, local_rate=local_rate)


LocalStep = Callable[..., "Update | None"]
"""Trains from the weights of a round, which are its to change, and the round's number; one that has
a parameter ``metadata`` is given the model's. None sits the round out."""

Evaluation = Mapping[str, Any] | tuple[Mapping[str, Any], float] | None
Evaluate = Callable[..., Evaluation]
"""Measures a version's weights, which it leaves as they are, by its number, perhaps with
``metadata``: gives metrics, or metrics and how many examples they are of, or None for nothing to
report."""

PAUSE_SECONDS = 0.5
RETURN_SECONDS = 2.0
"""Between two looks whether a model is there, or its training is started again."""


class Training:
    """A client's part in a model's training: see :meth:`fedstep.Client.train`."""

    def __init__(
        self,
        client: Client,
        model: str,
        local_step: LocalStep,
        *,
        evaluate: Evaluate | None,
        stay: bool,
        explain: bool,
        secure: Callable[[], Contributions],
        encoding: str | None = None,
        download: str | None = None,
    ) -> None:
        self._client = client
        self._model = model
        self._local_step = local_step
        self._evaluate = evaluate
        self._stay = stay
        self._explain = explain
        self._make_secure = secure
        self._secure: Contributions | None = None
        self._encoding = encoding
        self._download = download
        self._sampled = False
        self._evaluated = ""
        self._contributed = ""
        self._sent_before = ""
        self._said = ""

    def run(self, rounds: int | None) -> Weights:
        """Takes part until training stops, or so many updates are accepted."""
        self._client.check_id()
        weights = self._newest()
        self._look()
        if self._client.has_sent(self._model, weights.version):  # in an earlier life
            self._sent_before = weights.base
        accepted = 0
        while True:
            try:
                self._report(weights)
                if rounds is not None and accepted >= rounds:
                    return weights
                if weights.phase == "stopped":
                    if not self._stay:
                        return weights
                    weights = self._started(weights)
                    if weights.phase == "stopped":
                        return weights
                accepted += self._take_part(weights)
                weights = self._next(weights)
            except NotInvited:
                self._sampled = True  # by a policy that is new
            except TrainingStopped:
                weights = self._newest()
            except Problem as problem:
                if problem.code == "budget-spent":  # for good: nothing gives a budget back
                    self._say(logging.WARNING, problem.detail)
                    return weights
                if problem.code != "model-not-found":
                    raise
                weights = self._newest()
                self._look()

    def _look(self) -> None:
        """Finds out how the model is trained."""
        spec = self._client.model(self._model)
        self._sampled = float(spec["round"].get("participation", 1.0)) < 1.0
        if spec.get("secure"):
            self._secure = self._make_secure()
        else:
            self._client.told.check_plain(self._model)
            self._secure = None

    def _newest(self) -> Weights:
        """The newest weights, once there is such a model, and it has any."""
        give_up = time.monotonic() + self._client.timeout
        while True:
            try:
                weights = self._client.await_weights(self._model, self._download)
                if weights is not None:
                    return weights
                self._await_first()
            except Problem as problem:
                if problem.code != "model-not-found" or time.monotonic() > give_up:
                    raise
                self._say(logging.WARNING, f"there is no model {self._model!r}; waiting for it")
                time.sleep(RETURN_SECONDS)

    def _await_first(self) -> None:
        """Tells that a model has no weights yet; where they may never come, this is an end or a
        pause."""
        self._say(logging.INFO, f"{self._model!r} has no weights yet; waiting for them")
        if self._client.round(self._model)["phase"] == "stopped":
            if not self._stay:
                raise FedstepError(
                    f"training of {self._model!r} was stopped before it had any weights"
                )
            time.sleep(RETURN_SECONDS)

    def _started(self, weights: Weights) -> Weights:
        """The newest weights, once training is not stopped any more; these where this client can be
        in no round any more, as nothing gives a budget back."""
        while weights.phase == "stopped":
            while (current := self._client.round(self._model))["phase"] == "stopped":
                if whose := self._spent(current):
                    self._say(logging.WARNING, f"the budget of {whose} is spent")
                    return weights
                self._say(logging.INFO, f"{self._model!r} is stopped; waiting for its start")
                time.sleep(RETURN_SECONDS)
            weights = self._client.weights(self._model, dtype=self._download)
        return weights

    def _spent(self, stopped: Mapping[str, Any]) -> str | None:
        """Whose budget is spent, where this client can be in no round any more: the model's, once
        nobody who ever took part can be in another, or its own."""
        if stopped.get("reason") == "budget-spent":
            return repr(self._model)
        if not self._client.model(self._model).get("privacy"):
            return None
        me = self._client.client_id
        own = self._client.privacy(self._model, me)["rounds_left"] == 0
        return f"{me!r} in {self._model!r}" if own else None

    def _next(self, weights: Weights) -> Weights:
        """Other weights than these, or these once training is stopped."""
        while True:
            newer = self._client.wait(self._model, weights, LONGEST_HOLD_SECONDS)
            if newer is not None:
                return newer
            current = self._client.round(self._model)
            if current["phase"] == "stopped":
                return replace(weights, phase="stopped")
            self._tell_progress(current)

    def _tell_progress(self, current: Mapping[str, Any]) -> None:
        updates, wanted = current["updates"], current["min_updates"]
        if updates is None:  # a client is not told of a private model that draws its clients
            return
        if updates >= wanted:
            wanted = current["max_updates"]
        failed = current.get("failed", 0)
        text = f"round {current['round']}: {updates} of {wanted} updates"
        if failed:
            text += f", {failed} clients failed"
        self._say(logging.WARNING if failed else logging.INFO, text)

    def _say(self, level: int, text: str) -> None:
        """Logs what has not just been logged."""
        if text != self._said:
            self._said = text
            log.log(level, text)

    def _report(self, weights: Weights) -> None:
        """Evaluates a version, once."""
        if self._evaluate is None or weights.base == self._evaluated:
            return
        evaluation = self._attempt(weights, self._evaluate, self._evaluate)
        self._evaluated = weights.base
        if evaluation is None:
            return
        metrics, weight = evaluation if isinstance(evaluation, tuple) else (evaluation, 1.0)
        try:
            self._client.report(self._model, weights.version, metrics, weight)
        except Problem as problem:
            if problem.code != "version-not-found":
                raise  # or it is no longer kept

    def _take_part(self, weights: Weights) -> bool:
        """Whether there is a new update of this client."""
        if weights.base == self._contributed:
            return False  # training was stopped and started meanwhile
        if self._sampled and not self._becomes_invited(weights):
            return False
        accepted = self._contribute(weights)
        self._contributed = weights.base
        return accepted

    def _becomes_invited(self, weights: Weights) -> bool:
        """Waits until the client is; False where there are other weights, or training is
        stopped."""
        while True:
            current = self._client.await_invitation(self._model)
            if current["base"] != weights.base or current["phase"] == "stopped":
                return False
            if current["invited"]:
                return True
            time.sleep(PAUSE_SECONDS)  # a server that shuts down answers at once

    def _contribute(self, weights: Weights) -> bool:
        """Whether the update of this client is in the round."""
        if self._secure is not None:
            if not weights.is_whole:
                raise ValueError("the model is secure: train(…, download=…) is not for it")
            return self._secure.contribute(weights, functools.partial(self._trained, weights))
        update = self._trained(weights, lambda update: update)
        if update is None:
            return False
        try:
            self._client.submit(
                self._model,
                weights,
                update.gradient,
                weight=update.weight,
                metrics=update.metrics,
                encoding=update.encoding or self._encoding,
                partial=update.partial,
                local_rate=update.local_rate,
                control=update.control,
                keeper=update.keeper,
            )
        except RoundClosed:
            return False
        except Problem as problem:
            if problem.code in OVERTAKEN:
                return False
            if problem.code != "update-differs":
                raise
            if weights.base != self._sent_before:
                id, number = self._client.client_id, weights.version
                raise another_process(id, self._model, number) from problem
        return True

    def _trained(self, weights: Weights, make: Callable[[Update], T]) -> T | None:
        """What is made of the local step's update; None where there is none."""

        def work(arrays: Arrays, round: int, **more: Any) -> T | None:
            update = self._update(arrays, round, **more)
            return None if update is None else make(update)

        made: T | None = self._attempt(weights, self._local_step, work)
        return made

    def _update(self, arrays: Arrays, round: int, **more: Any) -> Update | None:
        update: Any = self._local_step(arrays, round, **more)
        if update is None:
            return None
        if not isinstance(update, Update):
            raise TypeError(
                f"the local step returned a {type(update).__name__}: it has to return "
                "Update(gradient, …), Update.from_weights(before, after, …), or None to sit out"
            )
        if self._secure is not None and (update.encoding or self._encoding or update.partial):
            raise ValueError("the model is secure: no update of it is encoded or partial")
        return update if float(update.weight) != 0 else None

    def _attempt(
        self, weights: Weights, given: Callable[..., Any], work: Callable[..., Any]
    ) -> Any:
        """Does work with a function of the caller's; where it fails the server is told."""
        more = {}
        if _takes_metadata(given):
            more["metadata"] = self._client.round(self._model, metadata=True).get("metadata", {})
        try:
            return work(dict(weights.arrays), weights.version, **more)
        except Exception as error:
            with suppress(FedstepError):  # a server before 0.2 has no place for it
                detail = str(error) if self._explain else None
                self._client.tell_failure(self._model, weights.version, type(error), detail)
            raise


def _takes_metadata(function: Callable[..., Any]) -> bool:
    try:
        return "metadata" in inspect.signature(function).parameters
    except (TypeError, ValueError):  # of a function that is not Python's
        return False
