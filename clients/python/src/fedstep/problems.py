"""What can go wrong, as exceptions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


class FedstepError(Exception):
    """Whatever this package raises by itself."""


class Unreachable(FedstepError):
    """No answer came within the client's ``timeout``, or the answer to what must not be repeated
    was lost: whether the server did it is not known."""


class Unsafe(FedstepError):
    """The server asks for what would tell it, or others, more than a secure model may."""


class Problem(FedstepError):
    """A request that the server refused.

    Attributes:
        status: the HTTP status.
        code: the name of the problem, such as ``"wrong-shape"``; empty if something other than the
            server answered.
        detail: a sentence about this very request.
        members: what else the answer tells, such as ``tensor``, ``index``, ``expected``,
            ``current_round``.
        retry_after: seconds after which to try again, if the server said so.
    """

    def __init__(
        self, status: int, code: str, detail: str, members: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(f"{status} {code}: {detail}" if code else f"{status}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.members = dict(members or {})
        self.retry_after: float | None = None
        self.repeated = False
        """Whether the answer to an earlier try was lost, which may have been done."""


class RoundClosed(Problem):
    """The round is over, and the update is not in it; ``members["current_round"]`` is the open
    one."""


class NotInvited(Problem):
    """The client is not among those that were drawn for this round."""


class TrainingStopped(Problem):
    """An administrator, or the model's last round, ended training."""


_CLASSES = {
    "round-closed": RoundClosed,
    "not-invited": NotInvited,
    "training-stopped": TrainingStopped,
}


def problem_of(status: int, headers: Mapping[str, str], body: bytes) -> Problem:
    """The exception for an answer that is neither 2xx nor 304."""
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        document = {"detail": body[:200].decode("utf-8", "replace").strip()}
    code = str(document.pop("code", ""))
    detail = str(document.pop("detail", ""))
    for known in ("type", "title", "status"):
        document.pop(known, None)
    problem = _CLASSES.get(code, Problem)(status, code, detail, document)
    retry_after = headers.get("Retry-After")
    if retry_after is not None and retry_after.isdecimal():
        problem.retry_after = float(retry_after)
    return problem


OVERTAKEN = {"base-differs", "roster-differs", "round-closed", "round-not-found", "round-not-open"}
"""What may come of an update when the model moved on, or was put back, while the client trained."""


def another_process(client: str | None, model: str, number: int) -> FedstepError:
    """The error for an update under a client's id that is not the client's."""
    return FedstepError(
        f"another process sends as {client!r}: round {number} of {model!r} has an update that is "
        "not this one's"
    )
