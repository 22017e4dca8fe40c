"""Updates in fewer bytes."""

from __future__ import annotations

import json
import pickle
import unittest
import unittest.mock
from collections.abc import Mapping
from typing import Any

import numpy as np
from support import GOLDEN, ServerTest

from fedstep import Client, Problem, Update, Weights, eden, encodings
from fedstep.messages import Body
from fedstep.tensors import Array, Arrays

ERRORS = {1: 0.571, 2: 0.133, 3: 0.0358, 4: 0.0096}
SHAPES = {"w": (3, 8192), "odd": (9001,), "small": (70,), "b": (5,), "s": ()}


def read(body: Body) -> tuple[dict[str, str], dict[str, Array]]:
    """A file's metadata and entries."""
    content = b"".join(bytes(piece) for piece in body.pieces())
    assert len(content) == body.length
    begin = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:begin])
    metadata = header.pop("__metadata__")
    kinds = {"F32": "<f4", "F64": "<f8", "I8": "i1", "U8": "u1", "U32": "<u4"}
    entries = {}
    for name, entry in header.items():
        first, end = (begin + at for at in entry["data_offsets"])
        array = np.frombuffer(content[first:end], kinds[entry["dtype"]])
        entries[name] = array.reshape(entry["shape"])
    return metadata, entries


def decoded(body: Body, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """What the server makes of it, as docs/THIN.md defines it."""
    metadata, entries = read(body)
    arrays = {}
    for number, (name, shape) in enumerate(shapes.items()):
        size = int(np.prod(shape))
        if name in entries:
            flat = entries[name].reshape(-1)
        elif metadata["fedstep.encoding"] == "top-k":
            flat = np.zeros(size)
            flat[entries[f"{name}:index"]] = entries[f"{name}:values"]
        elif metadata["fedstep.encoding"] == "int8":
            scale = entries[f"{name}:scale"].astype(float)
            flat = entries[f"{name}:codes"].reshape(-1) * np.repeat(scale, 256)[:size]
        else:
            flat = rotated_back(metadata, entries, name, number, size)
        arrays[name] = flat.astype(np.float32).reshape(shape) + np.float32(0)
    return arrays


def rotated_back(
    metadata: Mapping[str, str], entries: Arrays, name: str, number: int, size: int
) -> Array:
    bits, seed = int(metadata["fedstep.bits"]), int(metadata["fedstep.seed"])
    stream = int.from_bytes(entries[f"{name}:codes"].tobytes(), "little")
    flat = np.empty(size)
    for block, begin in enumerate(range(0, size, 8192)):
        count = min(8192, size - begin)
        length = eden.padded(count)
        text = f"{stream & ((1 << length * bits) - 1):0{length * bits}b}"
        stream >>= length * bits
        codes = [int(text[at : at + bits], 2) for at in range(0, length * bits, bits)][::-1]
        z = eden.centroids(bits)[codes]
        h = 1
        while h < length:
            pairs = z.reshape(-1, 2, h)
            z = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], 1).reshape(-1)
            h *= 2
        words = eden.words(seed, number, begin // 64, -(-count // 64))
        minus = np.unpackbits(words.astype("<u8").view(np.uint8), bitorder="little")[:count]
        flat[begin : begin + count] = np.where(minus, -1, 1) * z[:count]
        flat[begin : begin + count] *= float(entries[f"{name}:scale"][block])
    return flat


def update(seed: int, dtype: Any = np.float32) -> dict[str, Array]:
    dice = np.random.default_rng(seed)
    return {name: dice.standard_normal(shape).astype(dtype) for name, shape in SHAPES.items()}


def error(arrays: Arrays, others: Arrays) -> float:
    """The squared error of the larger tensors, as a share of the squares."""
    names = ["w", "odd"]
    off = sum(float(np.sum((arrays[name] - others[name]) ** 2)) for name in names)
    return off / sum(float(np.sum(arrays[name] ** 2)) for name in names)


class EncodingsTest(unittest.TestCase):
    def test_parts_of_eden_are_those_of_the_references(self) -> None:
        golden = json.loads((GOLDEN / "thin/eden.json").read_text())
        for bits, levels in golden["centroids"].items():
            expected = [np.frombuffer(bytes.fromhex(level), ">f8")[0] for level in levels]
            self.assertEqual(list(eden.centroids(int(bits))), expected)
        for count, length in golden["padded"].items():
            self.assertEqual(eden.padded(int(count)), length)
        for one in golden["words"]:
            words = eden.words(int(one["seed"]), one["tensor"], one["first"], len(one["words"]))
            self.assertEqual([f"{word:016x}" for word in words], one["words"])
        for one in golden["butterflies"]:
            given, turned = (np.frombuffer(bytes.fromhex(one[k]), "<f8") for k in ("in", "out"))
            np.testing.assert_array_equal(eden.rotate(given[:, None].copy())[:, 0], turned)
        for one in golden["packed"]:
            packed = eden.pack(np.array(one["codes"], np.uint8), one["bits"])
            self.assertEqual(packed.tobytes().hex(), one["bytes"])

    def test_error_is_that_of_the_bits(self) -> None:
        for dtype in (np.float32, np.float64):
            arrays = update(1, dtype)
            for bits, expected in ERRORS.items():
                body = encodings.encode(arrays, f"eden-{bits}", list(SHAPES))
                self.assertAlmostEqual(error(arrays, decoded(body, SHAPES)), expected, delta=0.02)
            self.assertLess(
                error(arrays, decoded(encodings.encode(arrays, "int8", []), SHAPES)), 2e-4
            )

    def test_mean_of_many_is_the_update(self) -> None:
        arrays = update(2)
        for encoding in ("int8", "eden-1"):
            many = [
                decoded(encodings.encode(arrays, encoding, list(SHAPES)), SHAPES) for _ in range(20)
            ]
            means = {name: np.mean([one[name] for one in many], axis=0) for name in SHAPES}
            self.assertLess(error(arrays, means), error(arrays, many[0]) / 8)

    def test_small_tensors_go_as_they_are_and_no_seed_twice(self) -> None:
        bodies = [encodings.encode(update(3), "eden-2", list(SHAPES)) for _ in range(2)]
        (metadata, entries), (other, _) = read(bodies[0]), read(bodies[1])
        self.assertNotEqual(metadata["fedstep.seed"], other["fedstep.seed"])
        np.testing.assert_array_equal(entries["b"], update(3)["b"])
        self.assertIn("small:codes", entries)

    def test_any_size_of_numbers_comes_back_in_that_size(self) -> None:
        for factor in (0.0, 1e-42, 1e-30, 1e30, 1e37):
            arrays = {"w": np.full(9000, factor, np.float32)}
            arrays["w"][::3] *= -0.5
            for encoding in ("int8", "eden-4"):
                body = encodings.encode(arrays, encoding, ["w"])
                got = decoded(body, {"w": (9000,)})["w"]
                norm = np.linalg.norm(arrays["w"].astype(float))
                self.assertLessEqual(
                    np.linalg.norm(got.astype(float) - arrays["w"]), 0.2 * norm, (factor, encoding)
                )

    def test_top_k_sends_the_largest_and_keeps_the_rest(self) -> None:
        arrays = {"a": np.zeros((10, 10), np.float32), "b": np.arange(300, dtype=np.float32)}
        arrays["a"][3, 4] = -1e6
        body, left = encodings.sparse(arrays)
        _, entries = read(body)
        self.assertEqual(entries["a:index"].tolist(), [34])
        self.assertEqual(entries["b:index"].tolist(), [297, 298, 299])
        got = decoded(body, {"a": (10, 10), "b": (300,)})
        for name, array in arrays.items():
            np.testing.assert_array_equal(left[name] + got[name], array)

    def test_residuals_die_with_the_process(self) -> None:
        residuals = encodings.Residuals()
        residuals.keep("m", {"w": np.ones(3, np.float32)})
        added = residuals.added("m", {"w": np.ones(3, np.float32)})
        self.assertEqual(added["w"].tolist(), [2, 2, 2])
        again = pickle.loads(pickle.dumps(residuals))
        self.assertEqual(again.added("m", {"w": np.ones(3)})["w"].tolist(), [1, 1, 1])
        other = residuals.added("m", {"w": np.ones(4), "v": np.ones(3)})  # of another shape
        self.assertEqual(other["w"].tolist(), [1, 1, 1, 1])

    def test_residuals_are_dropped_by_model(self) -> None:
        residuals = encodings.Residuals()
        ones = {"w": np.ones(3, np.float32)}

        def sums() -> list[float]:
            return [float(residuals.added(name, ones)["w"].sum()) for name in ("a", "b", "c")]

        for model in ("a", "b", "c"):
            residuals.keep(model, ones)
        residuals.drop("a")
        residuals.drop("unknown")
        self.assertEqual(sums(), [3, 6, 6])
        residuals.drop()
        self.assertEqual(sums(), [3, 3, 3])


class EncodedUpdatesTest(ServerTest):
    def create(self, updates: int = 1) -> Weights:
        zeros = {name: np.zeros(shape, np.float32) for name, shape in SHAPES.items()}
        policy = {"min_updates": updates, "max_updates": updates}
        self.admin.create(self.model, zeros, optimizer={"lrate": 1.0}, round=policy)
        return self.admin.weights(self.model)

    def test_the_server_decodes_what_is_meant(self) -> None:
        weights = self.create()
        alice: Client = self.client("alice")
        for round, encoding in enumerate(("int8", "eden-1", "eden-2", "eden-3", "eden-4")):
            bodies: list[Body] = []
            original = encodings.encode

            def kept(*given: Any, call: Any = original, to: list[Body] = bodies) -> Body:
                to.append(call(*given))
                return to[0]

            with unittest.mock.patch.object(encodings, "encode", kept):
                receipt = alice.submit(
                    self.model, weights if round % 2 else round, update(4), encoding=encoding
                )
            self.assertEqual(receipt["encoding"], encoding)
            self.assertEqual(receipt["bytes"], bodies[0].length)
            weights = self.until(round + 1)
            gradient = self.admin.gradient(self.model)
            for name, array in decoded(bodies[0], SHAPES).items():
                np.testing.assert_array_equal(gradient[name], array)

    def test_training_in_top_k_sends_all_in_the_end(self) -> None:
        self.create()
        sent = update(5)

        def step(arrays: Arrays, round: int) -> Update:
            return Update(sent if round == 0 else {k: 0 * v for k, v in sent.items()})

        self.client("alice").train(self.model, step, rounds=101, encoding="top-k")
        weights = self.until(101)
        for name, array in sent.items():
            np.testing.assert_allclose(weights.arrays[name], -array, atol=1e-6)

    def test_what_is_dropped_is_never_sent(self) -> None:
        alice, sent = self.client("alice"), update(5)
        weights = self.create()
        zeros = {name: 0 * array for name, array in sent.items()}
        alice.submit(self.model, weights, sent, encoding="top-k")
        before = self.until(1)
        alice.drop_residuals(self.model)
        alice.submit(self.model, before, zeros, encoding="top-k")
        after = self.until(2)
        for name, array in before.arrays.items():
            np.testing.assert_array_equal(after.arrays[name], array)

    def test_a_partial_update_leaves_the_rest(self) -> None:
        weights = self.create()
        alice = self.client("alice")
        with self.assertRaises(Problem):
            alice.submit(self.model, weights, {"b": np.ones(5)})
        receipt = alice.submit(self.model, weights, {"b": np.ones(5)}, partial=True)
        self.assertEqual(receipt["left_out"], 4)
        newer = self.until(1)
        self.assertEqual(newer.arrays["b"].tolist(), [-1] * 5)
        self.assertFalse(newer.arrays["w"].any())

        def step(arrays: Arrays, round: int) -> Update:
            return Update({"w": np.ones((3, 8192))}, encoding="int8", partial=True)

        alice.train(self.model, step, rounds=1)
        record = self.admin.round(self.model, 1)["clients"][0]
        self.assertEqual((record["encoding"], record["left_out"]), ("int8", 4))

    def test_an_unknown_encoding_is_refused_before_anything(self) -> None:
        weights = self.create()
        alice = self.client("alice")
        for call in (
            lambda: alice.submit(self.model, weights, update(6), encoding="eden-5"),
            lambda: alice.train(self.model, lambda *_: None, encoding="eden"),
        ):
            with self.assertRaisesRegex(ValueError, "int8, eden-1"):
                call()


if __name__ == "__main__":
    unittest.main()
