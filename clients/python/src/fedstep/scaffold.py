"""SCAFFOLD: local steps that are corrected by controls (S. P. Karimireddy et al., ICML 2020). What
a client sends beside its update is one number; docs/THIN.md has the rest."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import encodings
from .problems import Problem
from .tensors import Array, Arrays
from .training import LocalStep, Update

if TYPE_CHECKING:
    from .client import Client

Train = Callable[..., "Update | None"]
"""Trains from the weights of a round, as a local step does, with the control of all clients and its
own: ``train(weights, round, control, own)``. Where plain training goes by a gradient ``g``, it goes
by ``g - own + control``. Its update has a ``local_rate``. None sits the round out."""

LEAST_RATE, LARGEST_RATE = 1e-12, 1e12
"""Of an update that a server takes."""

_FORMATS = {"<f4": "F32", "<f8": "F64"}


class Scaffold:
    """The controls of one client of one model: the last that the server counted, and the one that
    came of the last update. One that is lost has the controls of all clients begin anew.

    Args:
        file: where they are kept, so that they outlive the process; whole at any time.
    """

    def __init__(self, file: str | os.PathLike[str] | None = None) -> None:
        self._file = None if file is None else Path(file)
        self._owner: tuple[str, str] | None = None
        self._kept: dict[int, Arrays] = {}
        if self._file is not None and self._file.exists():
            self._owner, self._kept = _read(self._file)

    def local_step(self, client: Client, model: str, train: Train) -> LocalStep:
        """A step for ``Client.train``, which fetches the control before it has ``train`` go on.

        Raises:
            ValueError: if the file is of another model or client.
        """
        owner = (model, client.check_id())
        if self._owner not in (None, owner):
            raise ValueError(f"the controls are of {self._owner}, not of {owner}")
        self._owner = owner

        @functools.wraps(train)
        def step(weights: Arrays, round: int, **more: Any) -> Update | None:
            if round in self._kept and client.has_sent(model, round):
                return None  # in an earlier life: another update would have another control
            try:
                control = client.control(model, round)
            except Problem as problem:
                if problem.code != "version-not-found":
                    raise
                return None  # the round is long over
            own = self._kept.get(-1 if control.round is None else control.round)
            said: int | str = "none" if control.round is None else control.round
            if own is None and control.round is not None:
                said = "lost"
            if own is None:
                own = {name: np.zeros_like(array) for name, array in control.arrays.items()}
            update = train(weights, round, control.arrays, own, **more)
            if update is None:
                return None
            if update.local_rate is None:
                raise ValueError("the update has no local_rate, from which controls follow")
            counted = control.round if said != "lost" else None
            keeper = _Keeper(self, (round, counted), control.arrays, own, update.local_rate)
            return replace(update, control=said, keeper=keeper)

        return step

    def _keep(self, round: int, control: Arrays, counted: int | None) -> None:
        """Takes the control that comes of an update, beside the one that counted before."""
        kept = {} if counted is None else {counted: self._kept[counted]}
        kept[round] = control
        if self._file is not None and self._owner is not None:
            _write(self._file, self._owner, kept)
        self._kept = kept

    def _drop(self, round: int) -> None:
        kept = {known: control for known, control in self._kept.items() if known != round}
        if self._file is not None and self._owner is not None:
            _write(self._file, self._owner, kept)
        self._kept = kept


class _Keeper:
    """Works out a client's next control from an update: ``c_i + (1/H u - c)``, in double, rounded
    once."""

    def __init__(
        self,
        of: Scaffold,
        rounds: tuple[int, int | None],
        control: Arrays,
        own: Arrays,
        rate: float,
    ) -> None:
        self._of = of
        self._round, self._counted = rounds
        self._control, self._own, self._rate = control, own, rate
        self.dtype: np.dtype[Any] = next(iter(control.values())).dtype

    def keep(self, received: Arrays) -> None:
        if not LEAST_RATE <= self._rate <= LARGEST_RATE:
            self.drop()  # the server refuses it
            return
        after = {}
        for name, control in self._control.items():
            mean = (1.0 / self._rate) * received[name].astype(np.float64)  # as the server has it
            change = mean - control.astype(np.float64)
            after[name] = (self._own[name].astype(np.float64) + change).astype(self.dtype)
        self._of._keep(self._round, after, self._counted)

    def drop(self) -> None:
        self._of._drop(self._round)


def _write(file: Path, owner: tuple[str, str], kept: Mapping[int, Arrays]) -> None:
    metadata = {"fedstep.model": owner[0], "fedstep.client": owner[1]}
    entries: encodings.Entries = {
        f"{round}:{name}": (_FORMATS[array.dtype.newbyteorder("<").str], array.shape, array)
        for round, arrays in kept.items()
        for name, array in arrays.items()
    }
    part = file.with_name(file.name + ".part")
    with part.open("wb") as out:
        for piece in encodings.file(metadata, entries).pieces():
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)
    if os.name == "posix":  # so that the new name outlives a loss of power
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _read(file: Path) -> tuple[tuple[str, str], dict[int, Arrays]]:
    content = file.read_bytes()
    begin = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:begin])
    metadata = header.pop("__metadata__")
    kinds = {format: kind for kind, format in _FORMATS.items()}
    kept: dict[int, dict[str, Array]] = {}
    for entry, place in header.items():
        round, _, name = entry.partition(":")
        first, end = (begin + at for at in place["data_offsets"])
        array = np.frombuffer(content[first:end], kinds[place["dtype"]])
        kept.setdefault(int(round), {})[name] = array.reshape(place["shape"])
    return (metadata["fedstep.model"], metadata["fedstep.client"]), dict(kept)
