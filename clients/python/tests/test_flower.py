"""Flower's clients under our loop; what needs Flower itself is skipped where that is missing."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

import numpy as np
from support import ServerTest, shared_server

from fedstep import flower_app, flower_client
from fedstep.places import Places
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

    def test_metadata_of_the_model_are_in_its_config(self) -> None:
        app = Fits()
        known = {"lr": 0.1, "epochs": 2, "labels": ["a", "b"], "server_round": 9}
        odd: dict[str, Any] = {"nested": {}, "none": None, "mixed": [1, "a"], "empty": []}
        step = flower_client.local_step(app, {"epochs": 3})
        step(WEIGHTS, 4, metadata=known | odd)
        wanted = {"lr": 0.1, "labels": ["a", "b"], "server_round": 5, "epochs": 3}
        self.assertEqual(app.configs, [wanted])

    def test_another_number_of_arrays_is_refused(self) -> None:
        app = Fits()
        app.fit = lambda parameters, config: (parameters[:1], 8, {})  # type: ignore[method-assign]
        with self.assertRaisesRegex(ValueError, "1 arrays for 2 tensors"):
            flower_client.local_step(app)(WEIGHTS, 4)

    def test_another_shape_is_refused(self) -> None:
        app = Fits()
        app.fit = lambda parameters, config: (parameters[::-1], 8, {})  # type: ignore[method-assign]
        with self.assertRaisesRegex(ValueError, "'w' is"):
            flower_client.local_step(app)(WEIGHTS, 4)


OWN = {"0.w": np.zeros(2), "0.steps": np.array(7), "1.b": np.zeros(1)}
MODEL = {"w": np.array([1.0, 2.0]), "b": np.array([3.0])}


class PlacesTest(unittest.TestCase):
    def test_integers_are_put_back_at_their_places_and_kept(self) -> None:
        for after in (
            {"0.w": np.ones(2), "0.steps": np.array(8), "1.b": np.zeros(1)},
            [np.ones(2), np.array(8), np.zeros(1)],
        ):
            places = Places(OWN)
            filled = places.fill(MODEL)
            self.assertEqual(list(filled), ["w", "0.steps", "b"])
            self.assertEqual(filled["0.steps"], 7)
            taken = places.take(MODEL, after)
            self.assertEqual([list(taken), taken["w"].tolist()], [["w", "b"], [1, 1]])
            self.assertEqual(places.fill(MODEL)["0.steps"], 8)

    def test_names_go_before_places(self) -> None:
        taken = Places(None).take(MODEL, {"module.b": [4.0], "module.w": [5.0, 6.0]})
        self.assertEqual(taken, {"w": [5.0, 6.0], "b": [4.0]})

    def test_a_client_with_integers_is_asked_for_them(self) -> None:
        class Counts(Fits):
            def get_parameters(self, config: dict[str, Any]) -> list[Array]:
                return [np.zeros((2, 2)), np.array(1), np.zeros(2)]

            def fit(
                self, parameters: list[Array], config: dict[str, Any]
            ) -> tuple[list[Array], int, dict[str, Any]]:
                steps.append(int(parameters[1]))
                return [parameters[0], parameters[1] + 1, parameters[2]], 8, {}

        steps: list[int] = []
        step = flower_client.local_step(Counts())
        for round in range(2):
            self.assertEqual(list(step(WEIGHTS, round).gradient), ["w", "b"])
        self.assertEqual(steps, [1, 2])


APP = """
from flwr.app import ArrayRecord, MetricRecord, Message, RecordDict
from flwr.clientapp import ClientApp

app = ClientApp()


@app.train()
def train(message, context):
    arrays = message.content["arrays"].to_numpy_ndarrays()
    seen = context.state.setdefault("seen", MetricRecord({"rounds": 0}))
    seen["rounds"] += 1
    after = [a - message.content["config"]["lr"] * (a - context.run_config["goal"]) for a in arrays]
    metrics = MetricRecord({"rounds": seen["rounds"], "num-examples": 5, "list": [1, 2]})
    metrics["server-round"] = message.content["config"]["server-round"]
    return Message(RecordDict({"a": ArrayRecord(after), "m": metrics}), reply_to=message)


@app.evaluate()
def evaluate(message, context):
    first = message.content["arrays"].to_numpy_ndarrays()[0]
    examples = 1 + context.node_config["partition-id"]
    metrics = MetricRecord({"first": float(first.flat[0]), "num-examples": examples})
    return Message(RecordDict({"m": metrics}), reply_to=message)
"""
PROJECT = """
[tool.flwr.app.components]
clientapp = "tiny.client_app:app"
[tool.flwr.app.config]
goal = 3.0
nested.depth = 2
"""


TOML = "tomllib" if sys.version_info >= (3, 11) else "tomli"


@unittest.skipUnless(importlib.util.find_spec(TOML), f"{TOML} is not installed")
class TomlTest(unittest.TestCase):
    def test_values_are_tomls_or_texts(self) -> None:
        for text, value in (("0.1", 0.1), ("true", True), ("l2", "l2"), ('"3"', "3")):
            self.assertEqual(flower_app.value(text), value)

    def test_a_folder_without_an_app_is_told(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "pyproject.toml").write_text("[project]")
            with self.assertRaisesRegex(ValueError, "clientapp"):
                flower_app.load(folder, node_config={}, run_config={}, train_config={})


@unittest.skipUnless(importlib.util.find_spec("flwr"), "flwr is not installed")
class AppTest(ServerTest):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "pyproject.toml").write_text(PROJECT)
        (self.folder / "tiny").mkdir()
        (self.folder / "tiny" / "client_app.py").write_text(APP)
        self.admin.create(
            self.model,
            {"w": np.zeros(2), "b": np.zeros(1)},
            optimizer={"lrate": 1.0, "modules": []},
            round={"min_updates": 2, "rounds": 3},
        )

    def test_an_app_trains_as_it_lies_there(self) -> None:
        command = [sys.executable, "-m", "fedstep", "--url", shared_server().url, "flower", "run"]
        command += [str(self.folder), "--model", self.model, "--train-config", "lr=0.5"]
        path = os.pathsep.join(sys.path)
        runs = [
            subprocess.Popen(
                [*command, "--partition", str(i)],
                env={**os.environ, "PYTHONPATH": path},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for i in range(2)
        ]
        said = [run.communicate(timeout=100)[0] for run in runs]
        self.assertEqual([run.returncode for run in runs], [0, 0], said)
        self.assertIn("ended with version 3", said[0])
        arrays = self.admin.weights(self.model).arrays
        np.testing.assert_array_equal(arrays["w"], [2.625, 2.625])
        metrics = self.admin.round(self.model, 2)["metrics"]
        self.assertEqual(metrics, {"rounds": 3.0, "server-round": 3.0})
        self.assertEqual(self.admin.versions(self.model)[0]["metrics"], {"first": 2.625})

    def test_a_numpy_clients_app_is_one_too(self) -> None:
        from flwr.client import NumPyClient  # noqa: PLC0415
        from flwr.clientapp import ClientApp  # noqa: PLC0415

        class Halves(NumPyClient):  # type: ignore[misc]
            def fit(self, parameters: Any, config: Any) -> Any:
                return [a / 2 for a in parameters], 8, {"round": config["server_round"], "t": "x"}

            def evaluate(self, parameters: Any, config: Any) -> Any:
                return 0.5, 4, {"accuracy": 1.0}

        step = flower_client.local_step(ClientApp(lambda context: Halves().to_client()))
        update = step(WEIGHTS, 4)
        np.testing.assert_array_equal(update.gradient["w"], WEIGHTS["w"] / 2)
        self.assertEqual((update.weight, update.metrics), (8, {"round": 5.0}))
        self.assertEqual(step.evaluate(WEIGHTS, 4), ({"loss": 0.5, "accuracy": 1.0}, 4))


if __name__ == "__main__":
    unittest.main()
