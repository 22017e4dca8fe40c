"""What happens to a model, as server-sent events."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .lost import Lost
from .messages import Lines
from .problems import Problem, Unreachable
from .transport import Transport

PAUSE_SECONDS = 0.5

log = logging.getLogger("fedstep")


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes:
        name: ``round-opened``, ``update-accepted``, ``round-completed``, ``round-discarded``,
            ``deadline-passed``, ``training-stopped``, or a newer one.
        id: from which the server tells the rest to whoever comes back.
        data: the round.
    """

    name: str
    id: str
    data: dict[str, Any]


def follow(transport: Transport, path: str) -> Iterator[Event]:
    """Events without end. When the connection breaks it is opened again, and what was missed is
    told; what had been told already is not.

    Raises:
        Problem: if the server refuses, for example since there is no such model.
        Unreachable: if it is away for longer than the client's timeout.
    """
    last_id = ""
    told: dict[str, Event] = {}
    away = None
    while True:
        headers = {"Accept": "text/event-stream"}
        if last_id:
            headers["Last-Event-ID"] = last_id
        try:
            lines = transport.stream(path, headers)
            try:
                greeted = set[str]()
                for event in parse(lines):
                    away = None
                    if event.name in greeted or not _is_told(event, told):
                        yield event
                    last_id = event.id or last_id
                    told[event.name] = event
                    greeted.add(event.name)
            finally:
                lines.close()
        except (Lost, Problem) as error:
            if isinstance(error, Problem) and error.status not in (408, 429, 502, 503, 504):
                raise
            now = time.monotonic()
            away = away or now
            if now - away > transport.timeout or (isinstance(error, Lost) and error.final):
                raise Unreachable(f"{transport.url}{path}: {error}") from error
            log.info("%s; connecting again", error)
            time.sleep(PAUSE_SECONDS)


def parse(lines: Lines) -> Iterator[Event]:
    """The events of a stream, until it breaks."""
    name, event_id, data = "message", "", list[str]()
    while True:
        line = lines.next()
        if not line:
            if data:
                yield Event(name, event_id, json.loads("\n".join(data)))
            name, data = "message", []
            continue
        key, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if key == "event":
            name = value
        elif key == "id":
            event_id = value
        elif key == "data":
            data.append(value)


def _is_told(event: Event, told: dict[str, Event]) -> bool:
    """Whether it only says again how things stand."""
    before = told.get(event.name)
    if before is None:
        return False
    data, known = event.data, before.data
    match event.name:
        case "round-opened":
            return bool(data["base"] == known["base"])
        case "update-accepted":
            return bool(data["base"] == known["base"] and data["updates"] <= known["updates"])
        case "training-stopped":
            return bool(data == known)
        case _:
            return False
