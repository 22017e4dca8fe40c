"""A client's way through the stages of one round."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..problems import NotInvited, Problem, RoundClosed, Unsafe
from .member import Member
from .stages import Stages
from .stream import Stream


class Part:
    """Joins and shares in a thread of its own, so that training goes on meanwhile; then sends an
    update, and what opens the sum. All of it can be begun again, and sends the same again.

    Attributes:
        has_sent: whether the update is in the round, whoever opens the sum.

    Args:
        member: computes what is sent.
        stages: where it goes.
    """

    def __init__(self, member: Member, stages: Stages) -> None:
        self._member = member
        self._stages = stages
        self.has_sent = False
        self._thread: threading.Thread | None = None
        self._failed: Exception | None = None

    def begin(self) -> None:
        """Joins and shares, beside what follows."""
        self._failed = None
        self._thread = threading.Thread(target=self._run, name="fedstep-shares", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._share()
        except Exception as failed:  # it is raised where the caller waits
            self._failed = failed

    def _share(self) -> None:
        self._join()
        with _among_members():
            shares = self._member.share(self._stages.roster())
            self._stages.put("shares", shares, self._member.query)
            self._member.open(self._stages.get("shares"))

    def _join(self) -> None:
        try:
            self._stages.put("members", self._member.join())
        except Problem as problem:
            if problem.code != "update-differs":
                raise
            raise Unsafe(
                "this client has joined already, with other keys: in an earlier life, or another "
                "process has its id"
            ) from problem

    def finish(self, stream: Stream) -> None:
        """Sends an update, once all have shared, and then what opens the sum."""
        self._wait()
        with _among_members():
            query, body = self._member.update(stream)
            self._stages.put("updates", body, query)
            self.has_sent = True
            answer = self._member.reveal(self._stages.get("unmasking"))
            self._stages.put("unmasking", answer)

    def _wait(self) -> None:
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._failed is not None:
            raise self._failed

    def leave(self) -> None:
        """Drops the secrets of the round, and what is waited for."""
        self._stages.leave()
        self._member.forget()


@contextmanager
def _among_members() -> Iterator[None]:
    """Who joined too late is not invited to what follows: for it the round is over."""
    try:
        yield
    except NotInvited as error:
        raise RoundClosed(error.status, error.code, error.detail) from error
