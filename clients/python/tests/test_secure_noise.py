"""The noise that clients add: exact, and the same as the server's by the same key."""

from __future__ import annotations

import functools
import json
import unittest
from collections.abc import Iterator
from typing import Any

import numpy as np
from secure_golden import double
from support import GOLDEN

from fedstep.secure.grid import DRAWN, TILE, NoisyGrid, factor, norm_of
from fedstep.secure.noise import Source, many, one
from fedstep.secure.settings import Noise
from fedstep.tensors import Array

FOLDER = GOLDEN / "privacy"
KEY = bytes(range(32))
DTYPES = {"float32": "<f4", "float64": "<f8"}


def golden(name: str) -> Iterator[dict[str, Any]]:
    return iter(json.loads((FOLDER / name).read_text())["cases"])


class SamplerTest(unittest.TestCase):
    def test_a_draw_from_given_words_takes_them_all(self) -> None:
        for case in golden("words.json"):
            text = case["words"]
            words = iter([int(text[at : at + 8], 16) for at in range(0, len(text), 8)])
            self.assertEqual(one(lambda words=words: next(words)), case["noise"])  # type: ignore[misc]
            self.assertIsNone(next(words, None))

    def test_many_at_once_are_the_servers(self) -> None:
        for case in golden("sampler.json"):
            key, noise = bytes.fromhex(case["key"]), case["noise"]
            self.assertEqual(many(key, case["from"], len(noise)).tolist(), noise)

    def test_many_are_as_one_by_one_whatever_the_variance(self) -> None:
        for divisor in (1, 2, 3, 4, 7, 15, 16, 63, 64, 100, 255):
            source = Source(KEY, 100, 400)
            single = [one(functools.partial(source.word, j), divisor) for j in range(400)]
            self.assertEqual(many(KEY, 100, 400, divisor).tolist(), single)

    def test_the_variance_is_what_it_should_be(self) -> None:
        count = 40_000
        for divisor in (1, 3, 4, 16, 200):
            sigma = 2**24 / divisor**0.5
            draws = many(KEY, 0, count, divisor) / sigma
            self.assertLess(abs(draws.mean()), 5 / count**0.5)
            self.assertLess(abs((draws**2).mean() - 1), 5 * (2 / count) ** 0.5)
            self.assertLess(abs((draws**4).mean() - 3), 5 * (96 / count) ** 0.5)


class GridTest(unittest.TestCase):
    def test_norms(self) -> None:
        for case in golden("norms.json"):
            j = np.arange(case["d"], dtype=np.uint64)
            x = ((j * np.uint64(2654435761) % np.uint64(1 << 32)) / 2**32 - 0.5) * case["scale"]
            x = x.astype(DTYPES[case["dtype"]])
            self.assertEqual(norm_of(tiles(x)), double(case["norm"]), case)

    def test_updates_on_the_grid(self) -> None:
        checked = 0
        for case in golden("closes.json"):
            for update in case["updates"]:
                if "h" in case:
                    continue  # an adaptive clip is the server's alone
                x = np.frombuffer(bytes.fromhex(update["x"]), DTYPES[case["dtype"]])
                noise = Noise(case["clip_norm"], case["noise_multiplier"], 0)
                self.assertEqual(noise.spacing(x.size), double(case["G"]))
                norm = norm_of(tiles(x))
                self.assertEqual(norm, double(update["norm"]))
                k = np.rint(x.astype(np.float64) * factor(noise, x.size, norm))
                self.assertEqual(k.astype(int).tolist(), update["k"])
                checked += 1
        self.assertGreater(checked, 10)

    def test_noise_is_the_same_however_often_and_in_what_blocks(self) -> None:
        noise, size = Noise(1.0, 1.0, 2), DRAWN + 5000
        x = np.linspace(-1e-3, 1e-3, size).astype(np.float32)
        norm = norm_of(tiles(x))

        def numbers(block: int) -> list[int]:
            grid = NoisyGrid(noise, size, norm, 5, KEY)
            parts = [grid(x[at : at + block], at) for at in range(0, size, block)]
            return np.concatenate(parts).tolist()  # type: ignore[no-any-return]

        first = numbers(8192)
        self.assertEqual(numbers(8192), first)
        self.assertEqual(numbers(50_000), first)
        k = np.rint(x.astype(np.float64) * factor(noise, size, norm)).astype(int)
        self.assertEqual((np.array(first) - k).tolist(), many(KEY, 0, size, 3).tolist())

    def test_an_infinite_norm_leaves_noise_alone(self) -> None:
        x = np.full(4, 1e300)
        norm = norm_of(tiles(x))
        self.assertEqual(norm, np.inf)
        grid = NoisyGrid(Noise(1.0, 1.0, 0), 4, norm, 3, KEY)
        self.assertEqual(grid(x, 0).tolist(), many(KEY, 0, 4, 3).tolist())


def tiles(x: Array) -> Iterator[Array]:
    for at in range(0, x.size, TILE):
        yield x[at : at + TILE]


if __name__ == "__main__":
    unittest.main()
