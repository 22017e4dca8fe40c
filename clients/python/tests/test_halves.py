"""Weights in half the bytes."""

from __future__ import annotations

import unittest
from typing import Any

import numpy as np
from support import ServerTest

from fedstep import Update, Weights, answers
from fedstep.tensors import Arrays

VALUES = np.array([1.0, -2.5, 3.14159, 1e-3, 65000.0], np.float32)


def bfloat16(array: Any) -> Any:
    """Rounded to the nearest, ties to even."""
    bits = np.asarray(array, np.float32).view(np.uint32).astype(np.uint64)
    bits += 0x7FFF + (bits >> 16 & 1)
    return (bits.astype(np.uint32) & 0xFFFF0000).view(np.float32)


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

                def step(arrays: Arrays, round: int, to: list[Any] = seen) -> Update:
                    to.append(arrays["w"])
                    return Update({"w": np.full(5, 0.1, np.float32)})

                last = self.client("alice").train(
                    self.model, step, rounds=3, download="bfloat16", encoding=None
                )
                self.assertIsInstance(last, Weights)
                self.assertEqual(last.dtype, "bfloat16")
                self.assertEqual(len(seen), 3)
                for arrays in seen:
                    np.testing.assert_array_equal(arrays, bfloat16(arrays))
                whole = self.until(3)
                np.testing.assert_array_equal(
                    last.arrays["w"], bfloat16(whole.arrays["w"].astype(np.float32))
                )

    def test_who_asks_accepts_the_whole(self) -> None:
        self.assertEqual(
            answers.asking("float16")["Accept"],
            "application/x-safetensors;dtype=float16, application/x-safetensors;q=0.5",
        )


if __name__ == "__main__":
    unittest.main()
