"""The addresses of a secure round's stages."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from ..answers import Json, path_of, read_json
from ..creation import json_body
from ..messages import Body, Incoming
from ..problems import RoundClosed, TrainingStopped
from ..transport import LONGEST_HOLD_SECONDS, Transport

PAUSE_SECONDS = 0.5


class Stages:
    """What one client asks and answers in one round.

    Args:
        transport: to the server.
        model: its name.
        number: the round's.
        client: the client's id.
    """

    def __init__(self, transport: Transport, model: str, number: int, client: str) -> None:
        self._transport = transport
        self._model = path_of(model)
        self._number = number
        self._round = f"{self._model}/rounds/{number}"
        self._client = client
        self._left = threading.Event()

    def leave(self) -> None:
        """Ends waits, within half a minute."""
        self._left.set()

    def put(
        self,
        what: str,
        body: Mapping[str, Any] | Body,
        query: Mapping[str, object] | None = None,
    ) -> Json:
        """Sends this client's part of a stage; again, it is the same.

        Raises:
            Problem: if the server refuses.
        """
        sent = body if isinstance(body, Body) else json_body(body)
        path = f"{self._round}/{what}/{self._client}"
        return self._transport.request("PUT", path, read_json, query=query, body=sent)

    def roster(self) -> Json:
        """The members, once they are fixed."""
        return self._await("roster")

    def get(self, what: str) -> Json:
        """What this client is told at a stage's end.

        Raises:
            RoundClosed: if that does not come.
            TrainingStopped: meanwhile.
        """
        return self._await(f"{what}/{self._client}")

    def _await(self, what: str) -> Json:
        while not self._left.is_set():
            asked = time.monotonic()
            found = self._transport.held(f"{self._round}/{what}", _read, LONGEST_HOLD_SECONDS)
            if found:
                return found
            if time.monotonic() - asked < PAUSE_SECONDS:
                self._look()
                time.sleep(PAUSE_SECONDS)  # a server that shuts down answers at once
        raise RoundClosed(410, "round-closed", "This client has left the round.")

    def _look(self) -> None:
        """Finds out why a wait did not last."""
        current = self._transport.request("GET", f"{self._model}/rounds/current", read_json)
        if current["round"] != self._number:
            raise RoundClosed(410, "round-closed", "Another round is open.")
        if current["phase"] == "stopped":
            raise TrainingStopped(410, "training-stopped", "Training is stopped.")


def _read(incoming: Incoming) -> Json:
    """An answer, empty where there is nothing yet."""
    if incoming.status == 204:
        incoming.read()
        return {}
    return read_json(incoming)
