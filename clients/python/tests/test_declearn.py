"""declearn itself beside the server, where it is installed."""

from __future__ import annotations

import contextlib
import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

import numpy as np
from support import client

try:
    from declearn.model.sklearn import NumpyVector
    from declearn.optimizer import Optimizer
    from declearn.utils import json_load, json_pack
except ImportError as error:
    raise unittest.SkipTest("declearn is not installed") from error

from fedstep import Problem, Update
from fedstep.declearn_client import dump_state, evaluate, load_state, local_step, weights_of
from fedstep.tensors import Arrays

SHAPES = {"layer.weight": (3, 4), "layer.bias": (5,)}
CONFIGS: list[dict[str, Any]] = [
    {"lrate": 0.1, "modules": ["rmsprop"]},
    {"lrate": 0.1, "modules": ["adam"]},
    {"lrate": 0.1, "modules": [["momentum", {"beta": 0.8}], "yogi"]},
]


def gradients(count: int, dtype: str) -> list[Arrays]:
    random = np.random.default_rng(7)
    return [
        {name: random.standard_normal(shape).astype(dtype) for name, shape in SHAPES.items()}
        for _ in range(count)
    ]


class DeclearnTest(unittest.TestCase):
    def setUp(self) -> None:
        self.client = client("alice")
        self.addCleanup(self.remove)

    def remove(self) -> None:
        with contextlib.suppress(Problem):
            self.client.delete("beside-declearn")

    def here(self, gradient: Arrays) -> Arrays:
        """The weights after a round of the server."""
        step = Update(gradient)
        return self.client.train("beside-declearn", lambda w, r: step, rounds=1).arrays

    def there(self, optimizer: Optimizer, weights: Arrays, gradient: Arrays) -> Arrays:
        """The weights after a step of declearn."""
        updates = optimizer.compute_updates_from_gradients(None, NumpyVector(gradient))
        return dict((NumpyVector(weights) + updates).coefs)

    def check(self, got: Arrays, wanted: Arrays) -> None:
        for name, array in wanted.items():
            self.assertEqual(got[name].tobytes(), array.tobytes())

    def test_each_goes_on_from_the_others_state_to_the_same_bits(self) -> None:
        for config in CONFIGS:
            for dtype in ("float32", "float64"):
                with self.subTest(config=config, dtype=dtype):
                    self.remove()
                    self.go_on(config, dtype)

    def go_on(self, config: dict[str, Any], dtype: str) -> None:
        zeros = {name: np.zeros(shape, dtype) for name, shape in SHAPES.items()}
        self.client.create("beside-declearn", zeros, optimizer=config)
        steps = gradients(5, dtype)
        self.here(steps[0])
        weights = self.here(steps[1])

        optimizer = Optimizer.from_config(self.client.optimizer("beside-declearn"))
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "state.json"
            file.write_bytes(self.client.optimizer_state("beside-declearn"))
            optimizer.set_state(json_load(str(file)))
        wanted = self.there(optimizer, weights, steps[2])
        self.check(self.here(steps[2]), wanted)
        self.assertEqual(dump_state(optimizer), self.client.optimizer_state("beside-declearn"))

        wanted = self.there(optimizer, wanted, steps[3])
        dumped = json.dumps(optimizer.get_state(), default=json_pack)
        self.client.restore("beside-declearn", 2)
        self.here(steps[3])  # leads astray: the state is put right below
        self.client.set_optimizer_state("beside-declearn", dumped)
        here = self.client.weights("beside-declearn").arrays
        self.check(self.here(steps[4]), self.there(optimizer, here, steps[4]))

    def test_an_update_counts_by_steps_or_by_examples(self) -> None:
        from declearn.model.sklearn import SklearnSGDModel  # noqa: PLC0415

        model = SklearnSGDModel.from_parameters(kind="regressor")
        model.initialize({"features_shape": (2,), "n_classes": 0, "data_type": "float64"})
        batches = [(np.ones((size, 2)), np.ones(size), None) for size in (5, 4, 3)]
        for weight, expected in (("steps", 3), ("examples", 12)):
            step = local_step(model, Optimizer(lrate=0.01), lambda _: batches, weight=weight)  # type: ignore[arg-type]
            update = step(weights_of(model), 0)
            assert update is not None
            self.assertEqual(update.weight, expected)
        update = local_step(model, Optimizer(lrate=0.01), lambda _: batches)(weights_of(model), 0)
        assert update is not None
        self.assertEqual(update.weight, 3)

    def test_a_model_without_weights_is_told_how_to_get_them(self) -> None:
        from declearn.model.sklearn import SklearnSGDModel  # noqa: PLC0415

        with self.assertRaisesRegex(ValueError, "initialize"):
            weights_of(SklearnSGDModel.from_parameters(kind="regressor"))

    def test_versions_are_evaluated_by_loss_and_metrics(self) -> None:
        from declearn.metrics import MetricSet  # noqa: PLC0415
        from declearn.model.sklearn import SklearnSGDModel  # noqa: PLC0415

        model = SklearnSGDModel.from_parameters(kind="regressor")
        model.initialize({"features_shape": (2,), "n_classes": 0, "data_type": "float64"})
        batches = [(np.ones((size, 2)), np.ones(size), None) for size in (5, 4)]
        measure = evaluate(model, lambda: batches, MetricSet.from_specs(["r2"]))
        measured = measure(dict(weights_of(model)), 0)
        assert isinstance(measured, tuple)
        self.assertEqual(measured[1], 9)
        self.assertIn("loss", measured[0])

    def test_a_state_is_loaded_as_it_was_dumped(self) -> None:
        zeros = {name: np.zeros(shape) for name, shape in SHAPES.items()}
        self.client.create("beside-declearn", zeros, optimizer=CONFIGS[1])
        self.here(gradients(1, "float64")[0])
        state = self.client.optimizer_state("beside-declearn")
        optimizer = Optimizer.from_config(self.client.optimizer("beside-declearn"))
        load_state(optimizer, state)
        self.assertEqual(dump_state(optimizer), state)


if __name__ == "__main__":
    unittest.main()
