"""Named arrays on the wire, none copied as a whole: as safetensors, each in its own format, or
as the flat vector."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import re
import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .messages import PIECE, Body, Incoming
from .problems import Problem

Array = NDArray[Any]
Arrays = Mapping[str, Array]

SAFETENSORS = "application/x-safetensors"
OCTETS = "application/octet-stream"

LONGEST_HEADER = 100 << 20

MOST_SPARE = 256 << 20
"""Bytes that are kept for the next download."""

_FORMATS = {"F16": "<f2", "BF16": "<u2", "F32": "<f4", "F64": "<f8"}


@dataclass(frozen=True)
class _Tensor:
    value: Any
    format: str
    shape: tuple[int, ...]

    @property
    def bytes(self) -> int:
        return math.prod(self.shape) * np.dtype(_FORMATS[self.format]).itemsize

    def pieces(self) -> Iterator[memoryview]:
        array = as_array(self.value)
        wire = np.dtype(_FORMATS[self.format])
        if array.dtype == wire and array.flags.c_contiguous:
            whole = array.reshape(-1).view(np.uint8).data
            for begin in range(0, len(whole), PIECE):
                yield whole[begin : begin + PIECE]
        else:
            values = array.reshape(-1) if array.flags.c_contiguous else array.flat
            step = PIECE // wire.itemsize
            for begin in range(0, array.size, step):
                some = np.ascontiguousarray(values[begin : begin + step], wire)
                yield some.view(np.uint8).data


_KINDS = {"float16": "F16", "bfloat16": "BF16", "float32": "F32", "float64": "F64"}
_INTEGERS = re.compile(r"u?int\d+|bool")


def floating(arrays: Mapping[str, Any]) -> dict[str, _Tensor]:
    """The tensors that take part: those of floating point.

    Raises:
        TypeError: for anything but these and integers, which stay where they are.
    """
    tensors = {}
    for name, value in arrays.items():
        kind = _kind(value)
        if kind in _KINDS:
            tensors[name] = _Tensor(value, _KINDS[kind], tuple(np.shape(value)))
        elif not _INTEGERS.fullmatch(kind):
            raise TypeError(f"{name!r} is {kind}, not float16, bfloat16, float32 or float64")
    return tensors


def staying(arrays: Mapping[str, Any]) -> list[str]:
    """The names of the integer arrays (``num_batches_tracked``), which stay with each client."""
    return [name for name, value in arrays.items() if _INTEGERS.fullmatch(_kind(value))]


def _kind(value: Any) -> str:
    """The name of a dtype, of NumPy, torch, TensorFlow, JAX; plain numbers are float64."""
    dtype = getattr(value, "dtype", "float64")
    return str(getattr(dtype, "name", dtype)).removeprefix("torch.")


def shapes(arrays: Mapping[str, Any]) -> dict[str, list[int]]:
    """The shape of each tensor that takes part."""
    return {name: list(tensor.shape) for name, tensor in floating(arrays).items()}


def common_dtype(arrays: Mapping[str, Any]) -> str:
    """``"float64"`` if there is an array of it, else ``"float32"``."""
    formats = [t.format for t in floating(arrays).values() if hasattr(t.value, "dtype")]
    return "float64" if "F64" in formats else "float32"


def encode(arrays: Mapping[str, Any], model: Arrays | None = None) -> Body:
    """Arrays as the body of a request. They are read while it is sent, so they must not change
    until it is answered.

    Args:
        arrays: float16, bfloat16, float32 or float64, of NumPy or torch, or nested lists of
            numbers. What is not contiguous or in another byte order is copied a piece at a time.
        model: the model's weights, if they are known. Arrays of the same shapes and dtype are sent
            as the flat vector, which the server takes in faster.
    """
    tensors = floating(arrays)
    for name in staying(arrays):
        if model is not None and name in model:
            raise TypeError(f"{name!r} is {_kind(arrays[name])}, not floating point")
    if model is not None and _fit(tensors, model):
        in_order = [tensors[name] for name in model]
        return Body(
            OCTETS,
            sum(tensor.bytes for tensor in in_order),
            lambda: itertools.chain.from_iterable(tensor.pieces() for tensor in in_order),
        )
    header: dict[str, Any] = {}
    at = 0
    for name, tensor in tensors.items():
        end = at + tensor.bytes
        header[name] = {
            "dtype": tensor.format,
            "shape": list(tensor.shape),
            "data_offsets": [at, end],
        }
        at = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    head = len(text).to_bytes(8, "little") + text

    def pieces() -> Iterator[memoryview | bytes]:
        yield head
        for tensor in tensors.values():
            yield from tensor.pieces()

    return Body(SAFETENSORS, len(head) + at, pieces)


def _fit(tensors: Mapping[str, _Tensor], model: Arrays) -> bool:
    return tensors.keys() == model.keys() and all(
        tensor.shape == model[name].shape and _FORMATS[tensor.format] == model[name].dtype
        for name, tensor in tensors.items()
    )


def decode(incoming: Incoming) -> Arrays:
    """Reads an answer into one buffer; the arrays are views of it, in the model's order."""
    return views(*read_values(incoming))


def read_values(incoming: Incoming) -> tuple[dict[str, Any], Array]:
    """Reads an answer: the entry of each tensor, and the bytes of their values."""
    _, header, size = read_header(incoming)
    buffer = _buffer(size)
    incoming.readinto(buffer.data)
    return header, buffer


def views(entries: Mapping[str, Any], values: Array) -> dict[str, Array]:
    """The tensors whose values bytes are."""
    arrays = {}
    for name, entry in entries.items():
        begin, end = entry["data_offsets"]
        arrays[name] = values[begin:end].view(_FORMATS[entry["dtype"]]).reshape(entry["shape"])
    return arrays


def read_changes(incoming: Incoming, entries: Mapping[str, Any], values: Array) -> Array:
    """Reads what differs from values, by planes: the first byte of every value, then the second."""
    width = np.dtype(_FORMATS[next(iter(entries.values()))["dtype"]]).itemsize if entries else 1
    changed = _buffer(values.size)
    count = values.size // width
    piece = np.empty(min(PIECE, count), np.uint8)
    for plane in range(width):
        old, new = values[plane::width], changed[plane::width]
        for begin in range(0, count, PIECE):
            some = piece[: count - begin]
            incoming.readinto(some.data)
            np.bitwise_xor(old[begin : begin + PIECE], some, out=new[begin : begin + PIECE])
    return changed


def widened(arrays: Arrays) -> Arrays:
    """Halves as float32; bfloat16 comes as its bits."""
    return {
        name: (array.astype(np.uint32) << np.uint32(16)).view(np.float32)
        if array.dtype == np.uint16
        else array.astype(np.float32, copy=False)
        for name, array in arrays.items()
    }


def read_header(incoming: Incoming) -> tuple[bytes, dict[str, Any], int]:
    """Reads what comes before the values: as bytes, as the entry of each tensor, and how many bytes
    of values are to follow."""
    length = incoming.read(8)
    size = int.from_bytes(length, "little")
    if size > LONGEST_HEADER:
        raise Problem(incoming.status, "", "What came is no safetensors file.")
    text = incoming.read(size)
    header = json.loads(text)
    header.pop("__metadata__", None)
    size = max((entry["data_offsets"][1] for entry in header.values()), default=0)
    return length + text, header, size


_spare: list[Array] = []
"""The buffer of arrays that nobody has any more: the system takes as long to give out another as
the bytes take to arrive from near by."""


def _buffer(size: int) -> Array:
    """Bytes to read into. Views of it keep it from being used again."""
    whole = None
    with contextlib.suppress(IndexError):
        whole = _spare.pop()
    if whole is None or whole.size != size:
        whole = np.empty(size, np.uint8)
    # a view's base is the array that owns its memory, but it does not look through a memoryview
    lent: Array = np.frombuffer(whole.data, np.uint8)
    if size <= MOST_SPARE:
        weakref.finalize(lent, _give_back, whole).atexit = False
    return lent


def _give_back(whole: Array) -> None:
    _spare[:] = [whole]


def subtract(before: Arrays, after: Mapping[str, Any]) -> Arrays:
    """``before - after`` for each of ``before``'s tensors, in its dtype.

    Raises:
        ValueError: if one has another shape.
        KeyError: if one is missing.
    """
    places = matching(before, after)
    differences = {}
    for name, array in before.items():
        other = as_array(after[places[name]], array.dtype)
        if other.shape != array.shape:
            raise ValueError(f"{name!r} is {other.shape}, not {array.shape}")
        differences[name] = array - other
    return differences


_WRAPPERS = re.compile(r"(^|(?<=\.))(module|_orig_mod)\.")
"""What DataParallel and torch.compile put before a name."""


def matching(names: Iterable[str], others: Iterable[str]) -> dict[str, str]:
    """Where each of some names is among others, which a wrapper may have made longer, or these.

    Raises:
        KeyError: if one is not there; with the first names of both.
    """
    names, others = list(names), list(others)
    bare = {_WRAPPERS.sub("", other): other for other in others}
    bare |= {other: other for other in others}
    found = {name: bare.get(name, bare.get(_WRAPPERS.sub("", name))) for name in names}
    missing = [name for name, other in found.items() if other is None]
    if missing:
        raise KeyError(
            f"there is no {missing[0]!r}: the model has {', '.join(names[:3])} …, "
            f"and what was trained {', '.join(others[:3])} …"
        )
    return {name: other for name, other in found.items() if other is not None}


def as_array(value: Any, dtype: Any = None) -> Array:
    """A value as an array: a view wherever there can be one, bfloat16 as its bits unless a dtype
    is asked for."""
    if hasattr(value, "detach"):
        tensor = value.detach().cpu()
        if str(tensor.dtype) != "torch.bfloat16":
            value = tensor.numpy()
        elif dtype is None:
            value = tensor.contiguous().view(dtype=_torch_int16()).numpy().view(np.uint16)
        else:
            value = tensor.float().numpy()
    array = np.asarray(value)
    if array.dtype.name == "bfloat16":
        array = array.astype(dtype) if dtype else np.ascontiguousarray(array).view(np.uint16)
    if array.dtype.kind in "iu" and not hasattr(value, "dtype"):
        array = array.astype(np.float64)
    return array if dtype is None else array.astype(dtype, copy=False)


def _torch_int16() -> Any:
    import torch  # noqa: PLC0415 - there is a tensor of it, so it is imported already

    return torch.int16
