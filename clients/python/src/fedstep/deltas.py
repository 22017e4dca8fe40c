"""Downloads as what differs from the bits that came last (RFC 3229)."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from .answers import Weights, asking
from .messages import Incoming
from .problems import Problem
from .tensors import SAFETENSORS, Array, read_changes, read_values, views, widened

MOST = 4
"""Models of which bits are kept; of another the oldest are forgotten."""

CHANGED = 226


@dataclass(frozen=True, eq=False)
class Bits:
    """Weights as they came.

    Attributes:
        tag: the entity tag without quotes and coding.
        places: the entry of each tensor.
        values: their bytes, which nobody changes.
        is_whole: whether they are the server's to the bit.
    """

    tag: str
    places: Mapping[str, Any]
    values: Array
    is_whole: bool

    @property
    def base(self) -> str:
        """The tag of the content."""
        return self.tag.partition(".")[0]


class Deltas:
    """The last bits of each model, from which newer ones are made; they die with the process."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], Bits] = {}
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def __setstate__(self, _: dict[str, Any]) -> None:
        self.__init__()  # type: ignore[misc]

    def asked(
        self, model: str, dtype: str, base: str | None = None
    ) -> tuple[dict[str, str], Callable[[Incoming], Weights]]:
        """The header fields that ask for newer weights, and what reads the answer.

        Args:
            base: of the weights that the caller has; other bits are not of use. None for whatever
                there is.
        """
        with self._lock:
            bits = self._last.get((model, dtype))
        fields = asking(dtype)
        if bits is not None and base in (None, bits.base):
            fields["If-None-Match"] = f'"{bits.tag}"'
            fields["A-IM"] = "xor"
            # what comes whole can go on where it breaks off, unless it is compressed
            fields["Accept-Encoding"] = "identity, gzip;q=0.5"
        elif base is not None:
            fields["If-None-Match"] = f'"{base}"'
        return fields, functools.partial(self.read, model=model, dtype=dtype, bits=bits)

    def read(
        self, incoming: Incoming, *, model: str, dtype: str, bits: Bits | None = None
    ) -> Weights:
        """Reads weights, whole or as what differs from bits, and keeps theirs."""
        headers = incoming.headers
        if incoming.status != 304:
            incoming.expect(SAFETENSORS)
            bits = self._newer(incoming, bits)
            self._keep((model, dtype), bits)
        elif bits is None:
            raise Problem(304, "", "The server says that nothing has changed, of nothing.")
        # whoever trains changes arrays, but not these bits; those of halves are copied by widening
        is_half = not bits.is_whole and dtype != "float32"
        arrays = views(bits.places, bits.values if is_half else bits.values.copy())
        return Weights(
            int(headers["Fedstep-Version"]),
            bits.base,
            headers.get("Fedstep-Phase"),
            MappingProxyType(arrays if bits.is_whole else widened(arrays)),
            dtype,
            bits.is_whole,
        )

    def _newer(self, incoming: Incoming, bits: Bits | None) -> Bits:
        tag = incoming.headers["ETag"].strip('"')
        if incoming.status != CHANGED:
            places, values = read_values(incoming)
            is_whole = "dtype=" not in incoming.headers.get("Content-Type", "")
            return Bits(tag, places, values, is_whole)
        if bits is None or incoming.headers.get("Delta-Base") != f'"{bits.tag}"':
            raise Problem(CHANGED, "", "What came is the difference from something else.")
        return replace(bits, tag=tag, values=read_changes(incoming, bits.places, bits.values))

    def _keep(self, key: tuple[str, str], bits: Bits) -> None:
        with self._lock:
            self._last.pop(key, None)
            self._last[key] = bits
            if len(self._last) > MOST:
                del self._last[next(iter(self._last))]
