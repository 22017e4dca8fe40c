"""declearn's own documents and bits, through the client and a real server."""

from __future__ import annotations

import contextlib
import json
import unittest
from typing import Any

import numpy as np
from support import GOLDEN, client

from fedstep import Client, Problem, Update
from fedstep.tensors import Arrays

CASES = [
    "adam_amsgrad",
    "chain_momentum_rmsprop",
    "rmsprop",
    "yogi",
    "optimizer_ridge_lasso_adam",
]
EXPORTED_AT = 4


def tensors(case: dict[str, Any], values: dict[str, str]) -> Arrays:
    """A vector of the golden files."""
    return {
        name: np.frombuffer(bytes.fromhex(values[name]), "<" + case["dtype"]).reshape(shape)
        for name, shape in case["shapes"].items()
    }


def state_of(step: dict[str, Any]) -> bytes:
    """An optimizer's state as declearn dumps it."""
    return json.dumps(step["state"]).encode()


def unpacked(document: Any, dtype: str) -> Arrays:
    """A packed ``NumpyVector``."""
    return {
        name: np.frombuffer(bytes.fromhex(packed["dump"][0]), dtype).reshape(packed["dump"][2])
        for name, packed in document["dump"].items()
    }


class GoldenTest(unittest.TestCase):
    def setUp(self) -> None:
        self.client = client("alice")
        self.addCleanup(self.remove)

    def remove(self) -> None:
        with contextlib.suppress(Problem):
            self.client.delete("golden")

    def test_a_dumped_state_goes_on_here_to_the_same_bits(self) -> None:
        for name in CASES:
            for dtype in ("f4", "f8"):
                with self.subTest(case=name, dtype=dtype):
                    case = json.loads((GOLDEN / f"{name}.{dtype}.json").read_text())
                    self.remove()
                    if name.startswith("optimizer_"):
                        self.check_weights(case)
                    else:
                        self.check_modules(case)

    def check_modules(self, case: dict[str, Any]) -> None:
        zeros = {name: np.zeros(shape, case["dtype"]) for name, shape in case["shapes"].items()}
        optimizer = {"lrate": 1e-3, "modules": case["config"]}
        self.client.create("golden", zeros, optimizer=optimizer)
        self.client.set_optimizer_state("golden", state_of(case["rounds"][EXPORTED_AT - 1]))
        for step in case["rounds"][EXPORTED_AT:]:
            submit(self.client, tensors(case, step["in"]))
            self.assertEqual(self.client.optimizer_state("golden"), state_of(step))
            self.check(self.client.gradient("golden"), tensors(case, step["out"]))

    def check_weights(self, case: dict[str, Any]) -> None:
        first = case["rounds"][0]
        self.client.create("golden", tensors(case, first["weights_in"]), optimizer=case["config"])
        for step in case["rounds"]:
            weights = submit(self.client, tensors(case, step["in"]))
            self.assertEqual(self.client.optimizer_state("golden"), state_of(step))
            self.check(weights, tensors(case, step["weights_out"]))

    def check(self, got: Arrays, wanted: Arrays) -> None:
        for name, array in wanted.items():
            self.assertEqual(got[name].tobytes(), array.tobytes())

    def test_an_exported_state_goes_on_elsewhere_to_the_same_bits(self) -> None:
        case = json.loads((GOLDEN / "rmsprop.f4.json").read_text())
        zeros = {name: np.zeros(shape, "f4") for name, shape in case["shapes"].items()}
        self.client.create("golden", zeros, optimizer={"lrate": 1e-3, "modules": case["config"]})
        for step in case["rounds"][:EXPORTED_AT]:
            submit(self.client, tensors(case, step["in"]))
        document = json.loads(self.client.optimizer_state("golden"))
        state = dict(unpacked(document["modules"][0][1]["state"], "<f4"))
        for step in case["rounds"][EXPORTED_AT:]:
            wanted = tensors(case, step["out"])
            for name, gradient in tensors(case, step["in"]).items():
                state[name] = 0.9 * state[name] + (1 - 0.9) * gradient**2
                out = gradient / (state[name] ** 0.5 + 1e-07)
                self.assertEqual(out.tobytes(), wanted[name].tobytes())


def submit(client: Client, gradient: Arrays) -> Arrays:
    """The weights after a round with this gradient alone."""
    return client.train("golden", lambda weights, round: Update(gradient), rounds=1).arrays


if __name__ == "__main__":
    unittest.main()
