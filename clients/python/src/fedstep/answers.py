"""Where things are on a server, and what its answers are read into."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, BinaryIO
from urllib.parse import quote

from .lost import Lost
from .messages import PIECE, Incoming
from .tensors import SAFETENSORS, Arrays, decode, read_header, widened

Json = dict[str, Any]

DTYPES = ("bfloat16", "float16", "float32", "float64")
"""The dtypes in which weights can be asked for: of fewer bytes than a model's, or its own."""

Version = int | str
"""A version's number, or a tag."""


@dataclass(frozen=True, eq=False)
class Weights:
    """A version of a model.

    Attributes:
        version: its number, which is that of the round that trains from it.
        base: the tag that names this content of this version alone.
        phase: ``"stopped"`` while training is, else None.
        arrays: the tensors by name, in the model's order and dtype, views of one buffer; float32
            where they came in fewer bytes.
        dtype: in which they were asked for, None for the model's.
        is_whole: whether they are the server's to the bit.
    """

    version: int
    base: str
    phase: str | None
    arrays: Arrays
    dtype: str | None = None
    is_whole: bool = True


@dataclass(frozen=True, eq=False)
class Control:
    """What clients of a model with ``scaffold-server`` train with, beside a version's weights.

    Attributes:
        version: the number of that version.
        arrays: the tensors by name, in the model's dtype, without those that are only averaged.
        round: of which the client's own control is that the version holds; None if it holds none.
    """

    version: int
    arrays: Arrays
    round: int | None


def path_of(model: str) -> str:
    """A model's address, below the server's."""
    return "/v1/models/" + quote(model, safe="")


def vector_path(model: str, version: Version | None, what: str) -> str:
    """The address of what belongs to a version; the newest's without a number."""
    part = "" if version is None else f"/versions/{quote(str(version), safe='')}"
    return f"{path_of(model)}{part}/{what}"


def read_json(incoming: Incoming) -> Json:
    """Reads an object."""
    document = json.loads(read_document(incoming))
    assert isinstance(document, dict)
    return document


def read_document(incoming: Incoming) -> bytes:
    """Reads JSON as it is written."""
    incoming.expect("application/json")
    text = incoming.read()
    if not incoming.is_framed:  # then its end may be where the connection broke
        try:
            json.loads(text)
        except ValueError as error:
            raise Lost("the answer ends early", sent=True) from error
    return text


def read_nothing(incoming: Incoming) -> None:
    """Reads an answer that says no more than that it is done."""
    incoming.read()


def list_in(document: Json, key: str) -> list[Json]:
    """The list that an answer consists of."""
    return list(document[key])


def asking(dtype: str | None) -> dict[str, str]:
    """The header fields that ask for weights, in fewer bytes if there are such.

    Raises:
        ValueError: for a dtype that no model has weights in.
    """
    if dtype is None:
        return {"Accept": SAFETENSORS}
    if dtype not in DTYPES:
        raise ValueError(f"weights do not come in {dtype!r}: there are {', '.join(DTYPES)}")
    return {"Accept": f"{SAFETENSORS};dtype={dtype}, {SAFETENSORS};q=0.5"}


def read_weights(incoming: Incoming, dtype: str | None = None) -> Weights:
    """Reads a safetensors file with what its head tells.

    Args:
        dtype: that was asked for.
    """
    incoming.expect(SAFETENSORS)
    headers = incoming.headers
    tag = headers["ETag"].strip('"').partition(".")[0]
    phase = headers.get("Fedstep-Phase")
    is_whole = "dtype=" not in headers.get("Content-Type", "")
    arrays = decode(incoming) if is_whole else widened(decode(incoming))
    # the order tells how an update is sent
    view = MappingProxyType(arrays)
    return Weights(int(headers["Fedstep-Version"]), tag, phase, view, dtype, is_whole)


def read_control(incoming: Incoming) -> Control:
    """Reads a safetensors file with what its head tells."""
    incoming.expect(SAFETENSORS)
    round = incoming.headers.get("Fedstep-Control-Round")
    version = int(incoming.headers["Fedstep-Version"])
    return Control(version, decode(incoming), None if round is None else int(round))


def read_or_phase(read: Callable[[Incoming], Weights], incoming: Incoming) -> Weights | str | None:
    """Reads what there is after a wait: other weights, or only the phase."""
    if incoming.status == 304:
        return incoming.headers.get("Fedstep-Phase")
    return read(incoming)


def save_weights(incoming: Incoming, out: BinaryIO) -> int:
    """Writes an answer to a file, in place of what an earlier try wrote; the version."""
    incoming.expect(SAFETENSORS)
    out.seek(0)
    out.truncate()
    head, _, left = read_header(incoming)
    out.write(head)
    buffer = bytearray(min(PIECE, max(left, 1)))
    while left > 0:
        piece = memoryview(buffer)[:left]
        incoming.readinto(piece)
        out.write(piece)
        left -= len(piece)
    return int(incoming.headers["Fedstep-Version"])
