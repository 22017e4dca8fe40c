"""What the server makes of an update, for a client that has to know it to the bit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from . import eden
from .messages import Body
from .tensors import Array, Arrays, as_array, shapes

_KINDS = {"F32": "<f4", "F64": "<f8", "I8": "i1", "U8": "u1", "U32": "<u4"}


def received(
    arrays: Mapping[str, Any],
    body: Body,
    encoding: str | None,
    model: Arrays,
    dtype: np.dtype[Any],
) -> dict[str, Array] | None:
    """An update as the server has it, in the model's dtype. None for one that a model with
    ``scaffold-server`` does not take: in top-k, or of other tensors than the model's.

    Args:
        body: of the arrays, in an encoding, None for as they are.
        model: all tensors of the model, in its order, of which the shapes are looked at.
    """
    expected = {name: list(array.shape) for name, array in model.items()}
    if encoding == "top-k" or shapes(arrays) != expected:
        return None
    with np.errstate(over="ignore", invalid="ignore"):  # what becomes infinite is refused
        if encoding is None:
            return rounded(arrays, model, dtype)
        return decoded(body, model, dtype)


def rounded(arrays: Mapping[str, Any], model: Arrays, dtype: np.dtype[Any]) -> dict[str, Array]:
    """Arrays that are sent as they are, in the model's dtype."""
    return {name: as_array(arrays[name], dtype) for name in model}


def decoded(body: Body, model: Arrays, dtype: np.dtype[Any]) -> dict[str, Array]:
    """The tensors of a body of :func:`fedstep.encodings.encode`, in the model's dtype.

    Args:
        model: all tensors of the model, in its order, of which the shapes are looked at.
    """
    content = b"".join(bytes(piece) for piece in body.pieces())
    begin = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:begin])
    metadata = header.pop("__metadata__")
    entries = {
        name: np.frombuffer(
            content, _KINDS[entry["dtype"]], np.prod(entry["shape"], dtype=int), begin + at
        )
        for name, entry in header.items()
        for at in entry["data_offsets"][:1]
    }
    arrays = {}
    for number, (name, array) in enumerate(model.items()):
        if name in entries:
            flat = entries[name]
        else:
            scales, codes = entries[f"{name}:scale"], entries[f"{name}:codes"]
            if metadata["fedstep.encoding"] == "int8":
                each = np.repeat(scales.astype(np.float64), int(metadata["fedstep.block"]))
                flat = codes * each[: array.size]
            else:
                bits, seed = int(metadata["fedstep.bits"]), int(metadata["fedstep.seed"])
                flat = eden.decode((scales, codes), array.size, bits, seed, number)
            flat += 0.0  # a decoded zero is 0.0
        arrays[name] = flat.astype(dtype).reshape(array.shape)
    return arrays
