"""Metrics as the server takes them: finite numbers by printable names."""

from __future__ import annotations

import logging
import math
import unicodedata
from collections.abc import Mapping
from typing import Any

MOST = 128
"""Metrics of an update or a report, and characters of a name."""
MOST_BYTES = 4096
"""Of the names together, in UTF-8."""

log = logging.getLogger("fedstep")


def number_of(value: Any) -> float | None:
    """A finite number, whatever kind of scalar it is in; None for anything else."""
    if isinstance(value, (str, bytes)):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return None
    return number if math.isfinite(number) else None


class Metrics:
    """Leaves out what would cost an update, with one warning by name."""

    def __init__(self) -> None:
        self._warned = set[str]()

    def accepted(self, metrics: Mapping[str, Any]) -> dict[str, float]:
        """Those that the server takes."""
        taken: dict[str, float] = {}
        size = 0
        for name, value in metrics.items():
            number = number_of(value)
            size += len(name.encode("utf-8", "replace"))
            if number is None:
                self.leave_out(name, f"{value!r:.80} is no finite number")
            elif not _is_name(name):
                self.leave_out(name, "its name is not 1 to 128 printable characters")
            elif len(taken) == MOST or size > MOST_BYTES:
                self.leave_out(name, f"there are more than {MOST}, or their names are too long")
            else:
                taken[name] = number
        return taken

    def leave_out(self, name: str, why: str) -> None:
        """Warns, the first time."""
        if name not in self._warned:
            self._warned.add(name)
            log.warning("the metric %r is left out: %s", name, why)


def _is_name(name: str) -> bool:
    kinds = {unicodedata.category(character) for character in name}
    return (
        0 < len(name) <= MOST
        and name.strip() == name
        and not any(kind[0] == "C" or kind in ("Zl", "Zp") for kind in kinds)
    )
