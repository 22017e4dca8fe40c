"""What a model's versions hold."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .answers import (
    Json,
    Version,
    Weights,
    asking,
    list_in,
    path_of,
    read_document,
    read_or_phase,
    read_weights,
    save_weights,
    vector_path,
)
from .creation import Creation
from .deltas import Deltas
from .messages import Incoming
from .problems import Problem
from .tensors import SAFETENSORS, Arrays, decode
from .transport import LONGEST_HOLD_SECONDS

PAUSE_SECONDS = 0.5


class Versions(Creation):
    """The part of a :class:`Client` that fetches weights, and waits for them."""

    def __init__(self, *parts: Any, **options: Any) -> None:
        super().__init__(*parts, **options)
        self._deltas = Deltas()

    def weights(
        self, model: str, version: Version | None = None, *, dtype: str | None = None
    ) -> Weights:
        """The newest weights, or those of a version that is kept, by its number or a tag.

        Args:
            dtype: ``"bfloat16"`` or ``"float16"``, of a float64 model ``"float32"`` too, for a
                download of half the bytes or less, if there is one; arrays are float32 then. The
                bits are kept, and of the next version only what differs is fetched; with the
                model's own dtype, that alone.
        """
        fields = asking(dtype)
        read: Callable[[Incoming], Weights] = functools.partial(read_weights, dtype=dtype)
        if dtype is not None and version is None:
            fields, read = self._deltas.asked(model, dtype)
        path = vector_path(model, version, "weights")
        return self._transport.request("GET", path, read, headers=fields)

    def wait(self, model: str, after: Weights, timeout: float | None = None) -> Weights | None:
        """Waits until there are other weights than ``after``, and fetches them in its dtype.

        Returns:
            The newest, or None if training is stopped or ``timeout`` seconds are over.
        """
        end = None if timeout is None else time.monotonic() + timeout
        fields = asking(None) | {"If-None-Match": f'"{after.base}"'}
        read: Callable[[Incoming], Weights] = read_weights
        while True:
            left = LONGEST_HOLD_SECONDS
            if after.dtype is not None:
                fields, read = self._deltas.asked(model, after.dtype, after.base)
            if end is not None:
                left = min(left, max(end - time.monotonic(), 0.0))
            asked = time.monotonic()
            newest = self._transport.held(
                path_of(model) + "/weights",
                functools.partial(read_or_phase, read),
                left,
                headers=fields,
            )
            if isinstance(newest, Weights):
                return newest
            if newest == "stopped" or (end is not None and time.monotonic() >= end):
                return None
            if time.monotonic() - asked < min(left / 2, PAUSE_SECONDS):
                time.sleep(min(PAUSE_SECONDS, left))  # a server that shuts down answers at once

    def await_weights(self, model: str, dtype: str | None = None) -> Weights | None:
        """The newest weights; None if a model that waits for its first ones has had none for half a
        minute, or training is stopped."""
        asked = time.monotonic()
        path = path_of(model) + "/weights"
        read: Callable[[Incoming], Weights] = read_weights
        if dtype is not None:
            read = functools.partial(self._deltas.read, model=model, dtype=dtype)
        try:
            return self._transport.held(path, read, LONGEST_HOLD_SECONDS, headers=asking(dtype))
        except Problem as problem:
            if problem.code != "no-weights":
                raise
        if time.monotonic() - asked < PAUSE_SECONDS:
            time.sleep(PAUSE_SECONDS)
        return None

    def gradient(self, model: str, version: Version | None = None) -> Arrays:
        """What the last optimizer module gave in the round that made a version (the newest)."""
        number = self.model(model)["version"] if version is None else version
        return self._transport.request(
            "GET", vector_path(model, number, "gradient"), decode, headers={"Accept": SAFETENSORS}
        )

    def versions(self, model: str) -> list[Json]:
        """The versions that are kept, newest first, with the means of what was reported of them."""
        return list_in(self._get(path_of(model) + "/versions"), "versions")

    def pull(self, model: str, file: str | os.PathLike[str], version: Version | None = None) -> int:
        """Writes weights to a ``.safetensors`` file, which appears whole or not at all.

        Returns:
            Their version.
        """
        target = Path(file)
        part = target.with_name(target.name + ".part")
        try:
            with part.open("wb") as out:
                number = self._transport.request(
                    "GET",
                    vector_path(model, version, "weights"),
                    lambda incoming: save_weights(incoming, out),
                    headers={"Accept": SAFETENSORS},
                )
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return number

    def optimizer(self, model: str) -> Json:
        """The optimizer's config, as declearn's ``get_config`` gives it."""
        return self._get(path_of(model) + "/optimizer")

    def optimizer_state(self, model: str, version: Version | None = None) -> bytes:
        """The optimizer's state, byte for byte as declearn's ``json.dumps(optimizer.get_state(),
        default=json_pack)`` writes it."""
        path = vector_path(model, version, "optimizer/state")
        return self._transport.request("GET", path, read_document)
