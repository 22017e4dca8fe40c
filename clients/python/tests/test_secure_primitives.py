"""Each step of secure aggregation, byte for byte as the golden files have it."""

from __future__ import annotations

import unittest

import numpy as np
from secure_golden import PRIMITIVES, cases, double

from fedstep.secure.fixed_point import bound, cut, quantize, words
from fedstep.secure.keys import KeyPair, commitment, derive, seal, unseal
from fedstep.secure.masks import BLOCK, Keystream, Masks
from fedstep.secure.settings import Settings
from fedstep.secure.shamir import multiply, split


def settings(**secure: object) -> Settings:
    base = {"threshold": 0.5, "clip": 1.0, "max_weight": 1, "identities": "any"}
    return Settings.of({"secure": base | secure, "round": {"min_updates": 3}})


class KeysTest(unittest.TestCase):
    def test_public_keys_and_agreements(self) -> None:
        for _, hex in cases("public_key"):
            self.assertEqual(KeyPair(hex("private")).public, hex("public"))
        for _, hex in cases("agreement"):
            self.assertEqual(KeyPair(hex("private")).agree(hex("peer")), hex("secret"))

    def test_keys_of_small_order_agree_on_nothing(self) -> None:
        pair = KeyPair(bytes(range(32)))
        small = [hex("key") for case, hex in cases("keys") if case["bad"] == "small order"]
        self.assertEqual(len(small), 5)
        for key in small:
            with self.assertRaises(ValueError):
                pair.agree(key)

    def test_derived_keys(self) -> None:
        for _, hex in cases("hkdf"):
            self.assertEqual(derive(hex("secret"), hex("salt"), hex("info")), hex("key"))

    def test_what_is_sealed(self) -> None:
        for _, hex in cases("gcm"):
            key, associated, sealed = hex("key"), hex("associated"), hex("sealed")
            self.assertEqual(seal(key, hex("plain"), associated), sealed)
            self.assertEqual(unseal(key, sealed, associated), hex("plain"))
            with self.assertRaises(ValueError):
                unseal(key, sealed, associated[:-1] + b"x")

    def test_commitments(self) -> None:
        for case, hex in cases("commitment"):
            got = commitment(hex("tag"), case["index"], hex("self_seed"))
            self.assertEqual(got, hex("commitment"))


class FieldTest(unittest.TestCase):
    def test_products(self) -> None:
        for case in PRIMITIVES["gf256"]:
            a, b = (np.array([case[key]], np.uint8) for key in ("a", "b"))
            self.assertEqual(multiply(a, b).tolist(), [case["product"]])

    def test_shares(self) -> None:
        for case, hex in cases("shamir"):
            coefficients = [bytes.fromhex(one) for one in case["coefficients"]]
            self.assertEqual(len(coefficients), case["threshold"] - 1)
            shares = split(hex("secret"), coefficients, len(case["shares"]))
            self.assertEqual([share.hex() for share in shares], case["shares"])


class MasksTest(unittest.TestCase):
    def test_keystreams(self) -> None:
        for case, hex in cases("keystream"):
            begin, wanted = case["offset"], hex("bytes")
            block = begin // 16
            size = begin - 16 * block + len(wanted)
            buffer = bytearray(size + 15)
            Keystream(hex("key"), block).into(buffer, size)
            self.assertEqual(buffer[begin - 16 * block : size], wanted)

    def test_masks_of_two_cancel_whatever_the_blocks(self) -> None:
        sizes = ([BLOCK // 4, 5, 3], [BLOCK // 4 - 4, 12])
        results = []
        for some in sizes:
            sums = [np.arange(size, dtype="<u4") for size in some]
            for masks in (Masks([b"a" * 32], []), Masks([], [b"a" * 32])):
                for block in sums:
                    masks.apply(block)
            for block, size in zip(sums, some, strict=True):
                np.testing.assert_array_equal(block, np.arange(size))
            alone = [np.zeros(size, "<u4") for size in some]
            masks = Masks([b"a" * 32], [b"b" * 32])
            for block in alone:
                masks.apply(block)
            results.append(np.concatenate(alone))
        length = min(map(len, results))
        np.testing.assert_array_equal(results[0][:length], results[1][:length])


class NumbersTest(unittest.TestCase):
    def test_quantized_values(self) -> None:
        for case, hex in cases("quantize"):
            clip, f = double(case["clip"]), case["fraction_bits"]
            values = np.frombuffer(hex("values"), "<" + case["dtype"])
            self.assertEqual(str(int(bound(clip, f))), case["bound"])
            got = [str(number) for number in quantize(values, clip, f).tolist()]
            self.assertEqual(got, case["quantized"])
            self.assertEqual([cut(value, clip) == 1 for value in values], case["cut"])

    def test_words(self) -> None:
        for case in PRIMITIVES["word"]:
            number = np.array([int(case["quantized"])], np.int64) * case["weight"]
            self.assertEqual(words(number, case["bits"]).tobytes().hex(), case["word"])

    def test_what_fits_a_word(self) -> None:
        for case in PRIMITIVES["fraction_bits"]:
            keys = ("clip", "bits", "max_weight")
            spec = settings(**{key: case[key] for key in keys})
            members, f = case["max_updates"], case["fraction_bits"]
            self.assertEqual(spec.fits(f, members), 8 <= f <= 81, case)
            self.assertFalse(spec.fits(f + 1, members), case)

    def test_thresholds(self) -> None:
        for case in PRIMITIVES["threshold"]:
            t = settings(threshold=case["threshold"]).threshold_of(case["members"])
            self.assertEqual(t, case["t"], case)


if __name__ == "__main__":
    unittest.main()
