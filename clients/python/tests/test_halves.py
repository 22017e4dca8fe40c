"""Weights in half the bytes."""

from __future__ import annotations

import contextlib
import pickle
import sys
import unittest
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import numpy as np
from support import ServerTest, Wire, eventually, in_thread

from fedstep import Update, Weights, answers
from fedstep.deltas import Bits, Deltas
from fedstep.messages import Incoming
from fedstep.tensors import Arrays

VALUES = np.array([1.0, -2.5, 3.14159, 1e-3, 65000.0], np.float32)


def bfloat16(array: Any) -> Any:
    """Rounded to the nearest, ties to even."""
    bits = np.asarray(array, np.float32).view(np.uint32).astype(np.uint64)
    bits += 0x7FFF + (bits >> 16 & 1)
    return (bits.astype(np.uint32) & 0xFFFF0000).view(np.float32)


def train(test: ServerTest, step: Callable[[Any], Any]) -> Weights:
    """Takes part for three rounds, with half the bytes."""

    def local_step(arrays: Arrays, round: int) -> Update:
        return Update({"w": step(arrays["w"])})

    return test.client("alice").train(test.model, local_step, rounds=3, download="bfloat16")


@contextlib.contextmanager
def statuses() -> Iterator[list[int]]:
    """Those of the answers with weights that were kept, or begun to be read."""
    seen: list[int] = []
    newer = Deltas._newer

    def noting(self: Deltas, incoming: Incoming, bits: Bits | None) -> Bits:
        seen.append(incoming.status)
        return newer(self, incoming, bits)

    with mock.patch.object(Deltas, "_newer", noting):
        yield seen


class HalvesTest(ServerTest):
    def create(self, values: Any) -> None:
        policy = {"min_updates": 1, "max_updates": 1}
        self.admin.create(self.model, {"w": values}, optimizer={"lrate": 1.0}, round=policy)

    def test_weights_come_rounded_and_as_float32(self) -> None:
        self.create(VALUES)
        for dtype, expected in (
            ("bfloat16", bfloat16(VALUES)),
            ("float16", VALUES.astype(np.float16).astype(np.float32)),
            ("float32", VALUES),  # the model's own
        ):
            weights = self.admin.weights(self.model, dtype=dtype)
            np.testing.assert_array_equal(weights.arrays["w"], expected)
            self.assertEqual(weights.arrays["w"].dtype, np.float32)
            self.assertEqual(weights.base, self.admin.weights(self.model).base)
            self.assertEqual(weights.is_whole, dtype == "float32")
        with self.assertRaisesRegex(ValueError, "bfloat16, float16"):
            self.admin.weights(self.model, dtype="int8")

    def test_what_would_be_infinite_comes_whole(self) -> None:
        self.create(VALUES * 2)
        weights = self.admin.weights(self.model, dtype="float16")
        np.testing.assert_array_equal(weights.arrays["w"], VALUES * 2)
        self.assertTrue(weights.is_whole)

    def test_training_goes_on_in_halves_of_any_model(self) -> None:
        for dtype in (np.float32, np.float64):
            with self.subTest(dtype=dtype):
                self.remove()
                self.create(VALUES.astype(dtype))
                seen: list[Any] = []

                def step(weights: Any, to: list[Any] = seen) -> Any:
                    to.append(weights)
                    return np.full(5, 0.1, np.float32)

                last = train(self, step)
                self.assertIsInstance(last, Weights)
                self.assertEqual(last.dtype, "bfloat16")
                self.assertEqual(len(seen), 3)
                for arrays in seen:
                    np.testing.assert_array_equal(arrays, bfloat16(arrays))
                whole = self.until(3)
                np.testing.assert_array_equal(
                    last.arrays["w"], bfloat16(whole.arrays["w"].astype(np.float32))
                )

    def advance(self, gradient: Any) -> None:
        version = self.admin.weights(self.model).version
        self.client("alice").submit(self.model, version, {"w": np.asarray(gradient)})
        self.until(version + 1)

    def test_of_the_next_version_only_what_differs_is_fetched(self) -> None:
        for values, dtype in (
            (VALUES, "bfloat16"),
            (VALUES / 2, "float16"),
            (VALUES, "float32"),
            (VALUES.astype(np.float64), "float32"),
            (VALUES.astype(np.float64), "float64"),
        ):
            with self.subTest(values=values.dtype, dtype=dtype), statuses() as seen:
                self.remove()
                self.create(values)
                client = self.client()
                for version in range(4):
                    weights = client.weights(self.model, dtype=dtype)
                    self.assertEqual(weights.version, version)
                    fresh = self.client().weights(self.model, dtype=dtype)
                    np.testing.assert_array_equal(weights.arrays["w"], fresh.arrays["w"])
                    self.assertEqual(weights.is_whole, values.dtype == dtype)
                    weights.arrays["w"][:] = 7  # as training may do
                    again = client.weights(self.model, dtype=dtype)
                    np.testing.assert_array_equal(again.arrays["w"], fresh.arrays["w"])
                    self.advance([0.25, -0.5, 1e-4, 0.0, 1.0])
                self.assertEqual(seen, [200, 200, 226, 200, 226, 200, 226, 200])

    def test_training_fetches_what_differs_and_jumps_over_versions(self) -> None:
        self.create(VALUES)
        with statuses() as seen:
            train(self, lambda arrays: np.full(5, 0.1, np.float32))
            self.assertEqual(seen, [200, 226, 226, 226])
        client = self.client()
        with statuses() as seen:
            weights = client.weights(self.model, dtype="bfloat16")
            self.advance(np.ones(5))
            self.advance(np.ones(5))
            newest = client.wait(self.model, weights)
            assert newest is not None
            self.assertEqual(newest.version, weights.version + 2)
            self.assertIsNone(client.wait(self.model, newest, timeout=0))
            self.assertEqual(seen, [200, 200])

    def test_a_difference_that_breaks_off_is_asked_for_again(self) -> None:
        size = 100_000
        values = np.random.default_rng(5).standard_normal(size).astype(np.float32)
        self.create(values)
        wire = Wire(self.server.port)
        self.addCleanup(wire.close)
        client = self.client(url=wire.url)
        client.weights(self.model, dtype="bfloat16")
        self.advance(np.random.default_rng(6).standard_normal(size).astype(np.float32))
        wire.most = 20_000
        client.close()
        with statuses() as seen:

            def heal() -> None:
                eventually(lambda: len(seen) > 0)
                wire.most = sys.maxsize

            finish = in_thread(heal)
            weights = client.weights(self.model, dtype="bfloat16")
            finish()
        self.assertGreater(len(seen), 1)
        self.assertEqual(set(seen), {226})
        expected = self.client().weights(self.model, dtype="bfloat16")
        np.testing.assert_array_equal(weights.arrays["w"], expected.arrays["w"])

    def test_pickled_clients_begin_without_bits(self) -> None:
        self.create(VALUES)
        client = self.client()
        client.weights(self.model, dtype="bfloat16")
        with statuses() as seen:
            pickle.loads(pickle.dumps(client)).weights(self.model, dtype="bfloat16")
            self.assertEqual(seen, [200])

    def test_bits_of_few_models_are_kept(self) -> None:
        deltas = Deltas()
        bits = Bits("a-1.safetensors", {}, np.zeros(0, np.uint8), True)
        for name in "abcdef":
            deltas._keep((name, "float32"), bits)
        asked = [name for name in "abcdef" if "A-IM" in deltas.asked(name, "float32")[0]]
        self.assertEqual(asked, list("cdef"))

    def test_who_asks_accepts_the_whole(self) -> None:
        self.assertEqual(
            answers.asking("float16")["Accept"],
            "application/x-safetensors;dtype=float16, application/x-safetensors;q=0.5",
        )


if __name__ == "__main__":
    unittest.main()
