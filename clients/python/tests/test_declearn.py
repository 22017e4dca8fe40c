"""declearn itself beside the server, where it is installed."""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
import unittest
from pathlib import Path
from typing import Any

import numpy as np
from support import client

try:
    import sklearn
    from declearn.metrics import MetricSet
    from declearn.model.sklearn import NumpyVector, SklearnSGDModel
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
HAS_LOSS = tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 6)
X = np.random.default_rng(3).random(1000)
IS_EXACT = all(np.array_equal(np.power(x, 0.5), np.sqrt(x)) for x in (X, X.astype(np.float32)))
"""Whether NumPy's power, by which declearn takes roots, is rounded once; older ones are not."""


def regressor() -> SklearnSGDModel:
    model = SklearnSGDModel.from_parameters(kind="regressor")
    model.initialize({"features_shape": (2,)})
    return model


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

    def test_a_state_with_controls_goes_there_and_back(self) -> None:
        arrays = {name: np.zeros(shape, np.float32) for name, shape in SHAPES.items()}
        config = {"lrate": 1.0, "modules": ["scaffold-server", "rmsprop"]}
        model = self._testMethodName
        self.addCleanup(self.client.delete, model)
        unweighted = ["averaging", {"steps_weighted": False}]
        self.client.create(model, arrays, optimizer=config, aggregator=unweighted)
        weights = self.client.weights(model)
        gradient = gradients(1, "float32")[0]
        self.client.submit(model, weights, gradient, local_rate=0.5)
        self.client.wait(model, weights, timeout=60)
        state = self.client.optimizer_state(model)
        optimizer = Optimizer.from_config(config)
        load_state(optimizer, state)
        (sent,) = optimizer.collect_aux_var().values()
        for name, array in self.client.control(model).arrays.items():
            np.testing.assert_array_equal(sent.state.coefs[name], array)
        self.client.set_optimizer_state(model, dump_state(optimizer))
        self.assertEqual(self.client.optimizer_state(model), state)

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
            if IS_EXACT:
                self.assertEqual(got[name].tobytes(), array.tobytes())
            else:
                np.testing.assert_allclose(got[name], array, rtol=16 * np.finfo(array.dtype).eps)

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
        if IS_EXACT:
            self.assertEqual(dump_state(optimizer), self.client.optimizer_state("beside-declearn"))

        wanted = self.there(optimizer, wanted, steps[3])
        dumped = json.dumps(optimizer.get_state(), default=json_pack)
        self.client.restore("beside-declearn", 2)
        self.here(steps[3])  # leads astray: the state is put right below
        self.client.set_optimizer_state("beside-declearn", dumped)
        here = self.client.weights("beside-declearn").arrays
        self.check(self.here(steps[4]), self.there(optimizer, here, steps[4]))

    @unittest.skipUnless(HAS_LOSS, "declearn's scikit-learn model has no loss from 1.6 on")
    def test_an_update_counts_by_steps_or_by_examples(self) -> None:
        model = regressor()
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
        for kind, shape in (("regressor", (64,)), ("classifier", (10, 64))):
            model = SklearnSGDModel.from_parameters(kind=kind)
            with self.assertRaises(ValueError) as raised:
                weights_of(model)
            told = re.search(r"initialize\((.+?)\) with", str(raised.exception))
            assert told is not None
            model.initialize(eval(told[1]))
            self.assertEqual(weights_of(model)["coef"].shape, shape)

    @unittest.skipUnless(HAS_LOSS, "declearn's scikit-learn model has no loss from 1.6 on")
    def test_versions_are_evaluated_by_loss_and_metrics(self) -> None:
        model = regressor()
        for weights, loss in ((None, 0.5), (np.arange(5.0), 0.5), (np.zeros(5), None)):
            batches = [(np.ones((5, 2)), np.ones(5), weights)]
            measure = evaluate(model, lambda found=batches: found, MetricSet.from_specs(["r2"]))  # type: ignore[misc]
            measured = measure(weights_of(model), 0)
            if loss is None:
                self.assertIsNone(measured)
            else:
                assert isinstance(measured, tuple)
                self.assertEqual((measured[0]["loss"], measured[1]), (loss, 5))
                self.assertIn("r2", measured[0])

    @unittest.skipUnless(HAS_LOSS, "declearn's scikit-learn model has no loss from 1.6 on")
    def test_the_loss_is_a_mean_over_all_examples(self) -> None:
        batches = [(np.ones((n, 2)), np.full(n, y), None) for n, y in ((5, 1.0), (3, 2.0))]
        measured = evaluate(regressor(), lambda: batches)(weights_of(regressor()), 0)
        self.assertEqual(measured, ({"loss": (5 * 0.5 + 3 * 2.0) / 8}, 8))

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
