"""A bar for transfers that take more than a second."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

PATIENCE_SECONDS = 1.0
WIDTH = 30


class Progress:
    """Shows how far a transfer is, once it has taken a second: with tqdm where that is installed,
    else on stderr if that is a terminal.

    Args:
        label: what is shown before the bar.
        total: bytes.
        show: False for never, True for a line on stderr even if that is no terminal.
    """

    def __init__(self, label: str, total: int, show: bool | None) -> None:
        self._label = label
        self._total = total
        self._done = 0
        self._show = show
        self._start = time.monotonic()
        self._next = self._start + PATIENCE_SECONDS
        self._bar: Any = None
        self._drawn = False

    def add(self, count: int) -> None:
        """Tells of ``count`` more bytes."""
        self._done += count
        if self._bar is not None:
            self._bar.update(count)
        elif self._show is not False and time.monotonic() >= self._next:
            self._draw()

    def _draw(self) -> None:
        self._next = time.monotonic() + 0.1
        if not self._drawn:
            self._bar = _tqdm(self._label, self._total, self._done)
            if self._bar is not None:
                return
            if self._show is None and not sys.stderr.isatty():
                self._show = False
                return
        self._drawn = True
        share = min(self._done / self._total, 1.0) if self._total > 0 else 0.0
        rate = self._done / (time.monotonic() - self._start)
        filled = "#" * round(share * WIDTH)
        sys.stderr.write(
            f"\r{self._label} [{filled:<{WIDTH}}] {share:4.0%} "
            f"{self._done / 1e6:,.0f} MB {rate / 1e6:,.0f} MB/s "
        )
        sys.stderr.flush()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()
        elif self._drawn:
            if error is None:
                self._next = 0.0
                self._draw()
            sys.stderr.write("\n")


def _tqdm(label: str, total: int, done: int) -> Any:
    try:
        from tqdm.auto import tqdm  # noqa: PLC0415 - optional
    except ImportError:
        return None
    return tqdm(
        desc=label, total=total or None, initial=done, unit="B", unit_scale=True, leave=False
    )
