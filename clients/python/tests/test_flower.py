"""A Flower client's ``fit`` under our loop. Flower itself is not needed for that."""

from __future__ import annotations

import unittest
from typing import Any

import numpy as np

from fedstep import flower_client
from fedstep.tensors import Array


class Fits:
    """Written as for Flower: it trains in place."""

    def __init__(self) -> None:
        self.configs: list[dict[str, Any]] = []

    def fit(
        self, parameters: list[Array], config: dict[str, Any]
    ) -> tuple[list[Array], int, dict[str, Any]]:
        self.configs.append(config)
        for array in parameters:
            array[:] -= 0.5
        return parameters, 8, {"loss": 0.25, "name": "eight", "done": True}


WEIGHTS = {"w": np.ones((2, 2), np.float32), "b": np.zeros(2, np.float32)}


class FlowerTest(unittest.TestCase):
    def test_what_fit_changed_is_the_update(self) -> None:
        app = Fits()
        update = flower_client.local_step(app)(WEIGHTS, 4)
        assert update is not None
        for name, array in WEIGHTS.items():
            np.testing.assert_array_equal(update.gradient[name], np.full_like(array, 0.5))
        self.assertEqual((update.weight, update.metrics), (8, {"loss": 0.25}))
        self.assertEqual(app.configs, [{"server_round": 5}])

    def test_its_config_may_be_given(self) -> None:
        app = Fits()
        flower_client.local_step(app, lambda round: {"epochs": round})(WEIGHTS, 4)
        self.assertEqual(app.configs, [{"server_round": 5, "epochs": 4}])

    def test_another_number_of_arrays_is_refused(self) -> None:
        app = Fits()
        app.fit = lambda parameters, config: (parameters[:1], 8, {})  # type: ignore[method-assign]
        with self.assertRaisesRegex(ValueError, "1 arrays for 2 tensors"):
            flower_client.local_step(app)(WEIGHTS, 4)


if __name__ == "__main__":
    unittest.main()
