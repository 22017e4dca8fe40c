"""Updates in fewer bytes: int8, EDEN and top-k. What each means is in docs/THIN.md."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from . import eden
from .messages import PIECE, Body
from .tensors import SAFETENSORS, Array, as_array, floating

BLOCK = 256
"""Values of int8 that have a scale in common."""

KEPT = 0.01
"""The share of a model's values that top-k sends, those of the largest absolute values."""

SMALL = 64
"""Tensors of fewer values are sent as they are: what their entries take is more than is saved."""

NAMES = ("int8", "eden-1", "eden-2", "eden-3", "eden-4", "top-k")

Entries = dict[str, tuple[str, Sequence[int], Array]]
"""The dtype, shape and numbers of each entry of a file."""


def check(encoding: str) -> None:
    """Refuses what is no encoding.

    Raises:
        ValueError: with the names of all.
    """
    if encoding not in NAMES:
        raise ValueError(f"{encoding!r} is no encoding: there are {', '.join(NAMES)}")


def values_of(arrays: Mapping[str, Any]) -> dict[str, Array]:
    """The tensors that take part, in float64 where they are, else in float32."""
    tensors = floating(arrays)
    return {
        name: as_array(tensor.value, np.float64 if tensor.format == "F64" else np.float32)
        for name, tensor in tensors.items()
    }


def encode(arrays: Mapping[str, Any], encoding: str, names: Sequence[str]) -> Body:
    """Arrays as the body of a request, in ``int8`` or ``eden-1`` to ``eden-4``.

    Args:
        names: of all tensors of the model, in its order.
    """
    metadata = {"fedstep.encoding": encoding}
    if encoding == "int8":
        dice = np.random.default_rng(secrets.randbits(128))
        metadata["fedstep.block"] = str(BLOCK)

        def coded(name: str, flat: Array) -> tuple[Array, Array]:
            return _int8(flat, dice)

    else:
        bits, seed = int(encoding[-1]), secrets.randbits(64)
        metadata = {"fedstep.encoding": "eden", "fedstep.bits": str(bits)}
        metadata["fedstep.seed"] = str(seed)
        numbers = {name: number for number, name in enumerate(names)}

        def coded(name: str, flat: Array) -> tuple[Array, Array]:
            return eden.encode(flat, bits, seed, numbers.get(name, 0))

    return file(metadata, _coded(values_of(arrays), coded))


def _coded(
    arrays: Mapping[str, Array], code: Callable[[str, Array], tuple[Array, Array]]
) -> Entries:
    entries: Entries = {}
    for name, array in arrays.items():
        if array.size < SMALL:
            entries[name] = (_format(array), array.shape, array)
            continue
        scales, codes = code(name, array.reshape(-1))
        entries[f"{name}:scale"] = ("F32", scales.shape, scales)
        if codes.dtype == np.int8:
            entries[f"{name}:codes"] = ("I8", array.shape, codes)
        else:
            entries[f"{name}:codes"] = ("U8", codes.shape, codes)
    return entries


def _format(array: Array) -> str:
    return "F64" if array.dtype == np.float64 else "F32"


def _int8(flat: Array, dice: np.random.Generator) -> tuple[Array, Array]:
    blocks = -(-flat.size // BLOCK)
    scales = np.empty(blocks, np.float32)
    codes = np.empty(flat.size, np.int8)
    together = (PIECE // 4) // BLOCK
    for first in range(0, blocks, together):
        part = flat[first * BLOCK : (first + together) * BLOCK]
        rows = np.zeros((-(-part.size // BLOCK), BLOCK), flat.dtype)
        rows.reshape(-1)[: part.size] = part
        largest = np.abs(rows).max(axis=1)
        with np.errstate(over="ignore"):
            scale = (largest / 127).astype(np.float32)
        scales[first : first + len(rows)] = scale
        rows /= np.where(scale > 0, scale, 1).astype(rows.dtype)[:, None]
        rows += dice.random(rows.shape, np.float32)  # rounded down or up: right on average
        with np.errstate(invalid="ignore"):
            rounded = np.clip(np.floor(rows, out=rows), -127, 127).astype(np.int8)
        codes[first * BLOCK : first * BLOCK + part.size] = rounded.reshape(-1)[: part.size]
    return scales, codes


def sparse(arrays: Mapping[str, Array], kept: float = KEPT) -> tuple[Body, dict[str, Array]]:
    """The largest values of a model's tensors as ``top-k``, and what was not sent."""
    sizes = np.cumsum([0, *(array.size for array in arrays.values())])
    count = min(max(1, round(kept * int(sizes[-1]))), int(sizes[-1]))
    magnitudes = np.concatenate([np.abs(array).reshape(-1) for array in arrays.values()])
    largest = np.sort(np.argpartition(magnitudes, magnitudes.size - count)[-count:])
    entries: Entries = {}
    rest = {}
    for (name, array), begin, end in zip(arrays.items(), sizes, sizes[1:], strict=False):
        low, high = np.searchsorted(largest, [begin, end])
        index = (largest[low:high] - begin).astype(np.uint32)
        left = array.reshape(-1).copy()
        values = left[index].astype(np.float32)
        left[index] -= values
        entries[f"{name}:index"] = ("U32", index.shape, index)
        entries[f"{name}:values"] = ("F32", values.shape, values)
        rest[name] = left.reshape(array.shape)
    return file({"fedstep.encoding": "top-k"}, entries), rest


def file(metadata: Mapping[str, str], entries: Entries) -> Body:
    """A safetensors file."""
    header: dict[str, Any] = {"__metadata__": metadata}
    at = 0
    for name, (format, shape, numbers) in entries.items():
        end = at + numbers.nbytes
        header[name] = {"dtype": format, "shape": list(shape), "data_offsets": [at, end]}
        at = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    whole = b"".join(
        [
            len(text).to_bytes(8, "little"),
            text,
            *(
                np.ascontiguousarray(numbers, numbers.dtype.newbyteorder("<")).tobytes()
                for _, _, numbers in entries.values()
            ),
        ]
    )
    view = memoryview(whole)
    return Body(
        SAFETENSORS,
        len(whole),
        lambda: (view[at : at + PIECE] for at in range(0, len(view), PIECE)),
    )


class Residuals:
    """What top-k has not sent, by model; it is added to the next update, and dies with the
    process."""

    def __init__(self) -> None:
        self._of: dict[str, Mapping[str, Array]] = {}
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def __setstate__(self, _: dict[str, Any]) -> None:
        self.__init__()  # type: ignore[misc]

    def added(self, model: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """Arrays with what was left of each; of another shape it is of another model."""
        with self._lock:
            left = self._of.get(model, {})
        return {
            name: array + left[name] if name in left and left[name].shape == array.shape else array
            for name, array in arrays.items()
        }

    def keep(self, model: str, left: Mapping[str, Array]) -> None:
        """Takes what was left of an update that is in; tensors that were not in it keep theirs."""
        with self._lock:
            self._of[model] = {**self._of.get(model, {}), **left}

    def drop(self, model: str | None = None) -> None:
        """Forgets what is left of a model's updates, or of all."""
        with self._lock:
            if model is None:
                self._of.clear()
            else:
                self._of.pop(model, None)
