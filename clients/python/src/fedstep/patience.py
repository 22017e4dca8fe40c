"""What may be asked again, when, and for how long."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from .lost import Lost
from .problems import Problem, Unreachable

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0

T = TypeVar("T")

log = logging.getLogger("fedstep")


class Patience:
    """One request's: from its first failure on, until something new comes.

    Args:
        what: the request, for messages.
        timeout: in seconds.
        repeat: False for what must not happen twice.
        held: whether the server has held its answer back, after which weights that are not there
            are an end of the wait.
        parts: whether what has come of a request counts, and the next one brings the rest.
    """

    def __init__(
        self, what: str, timeout: float, repeat: bool, held: bool = False, parts: bool = False
    ) -> None:
        self._final = {"model-failed", "no-weights"} if held else {"model-failed"}
        self._what = what
        self._timeout = timeout
        self._repeat = repeat
        self._parts = parts
        self._tries = 0
        self._give_up: float | None = None
        self._lost_one = False
        self._reached = 0
        self._said = ""

    def left(self) -> float:
        """Seconds until it ends."""
        return self._timeout if self._give_up is None else self._give_up - time.monotonic()

    def reached(self, at: int) -> None:
        """Tells how many bytes of the answer are there: more than ever begins it anew."""
        if at > self._reached:
            self._reached = at
            self._tries = 0
            self._give_up = None

    def persist(self, attempt: Callable[[], T]) -> T:
        """Tries something until it succeeds.

        Raises:
            Problem: if the server refuses for good, or until the patience ends.
            Unreachable: likewise, if there was no answer.
        """
        while True:
            try:
                return attempt()
            except (Lost, Problem) as failed:
                self.wait(failed)

    def wait(self, failed: Lost | Problem) -> None:
        """Waits until another try may help; raises as :meth:`persist` does."""
        error, pause = self._judge(failed)
        if self._give_up is None:
            self._give_up = time.monotonic() + self._timeout
        if pause is None or time.monotonic() + pause > self._give_up:
            raise error from error.__cause__
        again = str(error) == self._said
        self._said = str(error)
        level = logging.WARNING if pause >= 1 and not again else logging.INFO
        log.log(level, "%s; trying again in %.1f s", error, pause)
        time.sleep(pause)

    def _judge(self, failed: Lost | Problem) -> tuple[Problem | Unreachable, float | None]:
        """The error to raise, and the seconds until another try; None if there is to be none."""
        self._tries += 1
        if isinstance(failed, Problem):
            failed.repeated = self._lost_one
            return failed, self._pause_after(failed)
        error = Unreachable(f"{self._what}: {failed}")
        error.__cause__ = failed.__cause__
        self._lost_one = self._lost_one or failed.sent
        hopeless = failed.final or (failed.sent and not self._repeat)
        return error, None if hopeless else self._pause()

    def _pause(self) -> float:
        return float(
            min(FIRST_PAUSE_SECONDS * 2 ** min(self._tries - 1, 10), LONGEST_PAUSE_SECONDS)
        )

    def _pause_after(self, problem: Problem) -> float | None:
        if problem.code in self._final:
            return None
        if problem.code == "round-not-open":
            return problem.retry_after
        if problem.status in (408, 429, 503, 507):
            return problem.retry_after or self._pause()
        if self._parts and (problem.status >= 500 or problem.code == "offset-differs"):
            return problem.retry_after or self._pause()
        if self._repeat and problem.status in (502, 504):
            return problem.retry_after or self._pause()
        return None
