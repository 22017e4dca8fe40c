"""Arrays on the wire."""

from __future__ import annotations

import io
import unittest
from collections.abc import Mapping
from typing import Any
from unittest import mock

import numpy as np
from urllib3 import HTTPResponse

from fedstep import Update, tensors
from fedstep.messages import Body, Incoming
from fedstep.progress import Progress


def answer(body: Body) -> Incoming:
    """What was to be sent, as if it had come."""
    content = b"".join(bytes(piece) for piece in body.pieces())
    assert len(content) == body.length
    response = HTTPResponse(io.BytesIO(content), status=200, preload_content=False)
    return Incoming(response, Progress("", 0, False))


def back(arrays: Mapping[str, Any]) -> tensors.Arrays:
    return tensors.decode(answer(tensors.encode(arrays)))


class TensorsTest(unittest.TestCase):
    def test_arrays_come_back_as_they_were(self) -> None:
        arrays: tensors.Arrays = {
            "a": np.arange(6, dtype=np.float32).reshape(2, 3),
            "scalar": np.array(7, np.float64),
            "half": np.array([1.5, -0.0], np.float16),
            'quoted "name" ü': np.array([np.nan, np.inf], np.float32),
        }
        got = back(arrays)
        self.assertEqual(list(got), list(arrays))
        for name, array in arrays.items():
            self.assertEqual(got[name].dtype, array.dtype)
            self.assertEqual(got[name].shape, array.shape)
            self.assertEqual(got[name].tobytes(), array.tobytes())

    def test_any_layout_and_piece_gives_the_same_bytes(self) -> None:
        base = np.random.default_rng(1).standard_normal((7, 11, 5)).astype(np.float32)
        for piece in (4, 12, 1 << 20):
            with mock.patch.object(tensors, "PIECE", piece):
                for array in (
                    base,
                    base.T,
                    base[::-1, ::2],
                    np.asfortranarray(base),
                    base.astype(">f4"),
                    base[:, 3, 2],
                    np.broadcast_to(base[0, 0], (3, 5)),
                ):
                    got = back({"w": array})["w"]
                    np.testing.assert_array_equal(got, array)

    def test_contiguous_arrays_are_sent_from_their_own_memory(self) -> None:
        array = np.zeros(1000, np.float32)
        pieces = list(tensors.encode({"w": array}).pieces())[1:]
        for piece in pieces:
            self.assertTrue(np.shares_memory(np.frombuffer(piece, np.uint8), array))

    def test_arrays_of_an_answer_are_views_of_one_buffer(self) -> None:
        got = back({"a": np.zeros(3), "b": np.zeros((2, 2))})
        self.assertIs(got["a"].base, got["b"].base)

    def test_memory_is_used_again_once_nobody_has_an_array_of_it(self) -> None:
        sent = {"a": np.arange(50_000.0), "b": np.zeros(1)}
        first = back(sent)["a"][10:]
        second = back(sent)["a"]
        self.assertFalse(np.shares_memory(first, second))
        place = second.ctypes.data
        del second
        third = back({"a": -np.arange(50_000.0), "b": np.zeros(1)})["a"]
        self.assertEqual(third.ctypes.data, place)
        np.testing.assert_array_equal(first, sent["a"][10:])
        self.assertTrue(third.flags.writeable)

    def test_what_has_the_models_shapes_and_dtype_is_sent_flat_in_its_order(self) -> None:
        model: tensors.Arrays = {"b": np.zeros(2, np.float32), "a": np.zeros((1, 2), np.float32)}
        arrays: tensors.Arrays = {
            "a": np.array([[1, 2]], np.float32),
            "b": np.array([3, 4], np.float32),
        }
        body = tensors.encode(arrays, model)
        self.assertEqual((body.kind, body.length), (tensors.OCTETS, 16))
        sent = np.frombuffer(b"".join(bytes(piece) for piece in body.pieces()), np.float32)
        np.testing.assert_array_equal(sent, [3, 4, 1, 2])
        for other in (
            {"a": arrays["a"]},
            {**arrays, "c": arrays["a"]},
            {**arrays, "b": np.zeros(3, np.float32)},
            {**arrays, "b": np.zeros(2)},
            {**arrays, "b": [3, 4]},
        ):
            self.assertEqual(tensors.encode(other, model).kind, tensors.SAFETENSORS)

    def test_lists_are_numbers(self) -> None:
        np.testing.assert_array_equal(back({"w": [[1, 2], [3, 4]]})["w"], [[1, 2], [3, 4]])
        self.assertEqual(back({"w": 2.5})["w"], 2.5)
        self.assertEqual(tensors.common_dtype({"w": [1.0]}), "float32")
        self.assertEqual(tensors.common_dtype({"w": np.zeros(1), "v": [1.0]}), "float64")

    def test_integers_stay_and_other_kinds_are_refused_by_name(self) -> None:
        arrays = {"w": np.zeros(3), "steps": np.zeros(3, np.int64), "mask": np.zeros(3, bool)}
        self.assertEqual(tensors.shapes(arrays), {"w": [3]})
        self.assertEqual(tensors.staying(arrays), ["steps", "mask"])
        for wrong in (np.zeros(3, np.complex64), np.zeros(3, np.longdouble), np.array(["a"])):
            with self.assertRaisesRegex(TypeError, "'odd' is "):
                tensors.encode({"odd": wrong})
        with self.assertRaisesRegex(TypeError, "'w' is int64, not floating point"):
            tensors.encode({"w": np.zeros(3, np.int64)}, {"w": np.zeros(3)})

    def test_dtypes_are_known_by_name(self) -> None:
        class Variable:
            """As TensorFlow's, whose dtype is written in another way."""

            shape = (2,)
            dtype = type("DType", (), {"name": "float32", "__str__": lambda _: "<float32>"})()

            def __array__(self, dtype: Any = None, copy: Any = None) -> tensors.Array:
                return np.array([1, 2], np.float32)

        np.testing.assert_array_equal(back({"w": Variable()})["w"], [1, 2])

    def test_update_from_weights_is_before_minus_after(self) -> None:
        before = {"w": np.array([1, 2], np.float32)}
        update = Update.from_weights(before, {"w": [0.5, 4], "more": [1]}, 3)
        np.testing.assert_array_equal(update.gradient["w"], np.array([0.5, -2], np.float32))
        self.assertEqual(update.gradient["w"].dtype, np.float32)
        self.assertEqual(update.weight, 3)

    def test_update_from_weights_wants_the_same_shapes(self) -> None:
        before = {"w": np.zeros((3, 4), np.float32)}
        for wrong, shape in ((np.arange(4.0), "(4,)"), (2.5, "()"), ([1, 2], "(2,)")):
            with self.assertRaises(ValueError) as raised:
                Update.from_weights(before, {"w": wrong})
            self.assertEqual(str(raised.exception), f"'w' is {shape}, not (3, 4)")

    def test_names_are_found_through_wrappers_and_otherwise_told(self) -> None:
        for here, there in (
            ("0.weight", "module.0.weight"),
            ("module._orig_mod.0.weight", "0.weight"),
            ("module.0.weight", "_orig_mod.0.weight"),
            ("module.w", "module.w"),
        ):
            self.assertEqual(tensors.matching([here], [there]), {here: there})
        with self.assertRaisesRegex(KeyError, "dense_1/kernel:0.*dense_1/bias:0.*dense/kernel:0"):
            tensors.matching(["dense_1/kernel:0", "dense_1/bias:0"], ["dense/kernel:0"])


if __name__ == "__main__":
    unittest.main()
