"""The data of the examples: 1,797 images of hand-written digits, 8 x 8 pixels each.

UCI Machine Learning Repository, Optical Recognition of Handwritten Digits, test part (E. Alpaydin,
C. Kaynak, 1998; CC BY 4.0).
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).resolve().parents[3] / "src/main/resources/demo/digits.csv.gz"
DIGITS = 10
PIXELS = 64


class Images(NamedTuple):
    """Images and what they show."""

    pixels: NDArray[np.float32]
    """[images, 64], around 0."""
    values: NDArray[Any]
    """[images], 0 to 9."""


def read() -> tuple[Images, Images]:
    """The images to train on, and a fifth of each digit to test with."""
    with gzip.open(FILE, "rt") as lines:
        table = np.loadtxt(lines, delimiter=",", dtype=np.int64)
    pixels = ((table[:, :PIXELS] - 5) / 8).astype(np.float32)
    values = table[:, PIXELS]
    order = np.empty(len(values), np.int64)  # each image's place among those of its digit
    for digit in range(DIGITS):
        same = values == digit
        order[same] = np.arange(same.sum())
    tested = order % 5 == 4
    return (Images(pixels[~tested], values[~tested]), Images(pixels[tested], values[tested]))


def share(images: Images, client: int, clients: int) -> Images:
    """What one of several clients holds: mostly a few digits of its own, a tenth of the rest."""
    place = np.arange(len(images.values))
    own = images.values % clients == client
    dealt = place % clients == client
    mine = np.where(place % 10 == 9, dealt, own)
    return Images(images.pixels[mine], images.values[mine])
