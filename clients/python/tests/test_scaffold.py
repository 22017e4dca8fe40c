"""SCAFFOLD on the client's side."""

from __future__ import annotations

import json
import tempfile
import unittest
import unittest.mock
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from support import GOLDEN, ServerTest
from test_encodings import decoded as reference
from test_encodings import update as random_update

from fedstep import Client, Problem, Update, Weights, decoding, encodings
from fedstep.scaffold import Scaffold, _read, _write
from fedstep.tensors import Array, Arrays

SCAFFOLD = {"lrate": 1.0, "modules": ["scaffold-server"]}
UNWEIGHTED = ["averaging", {"steps_weighted": False}]


def cut(row: bytes, shapes: Mapping[str, Any], dtype: str) -> dict[str, Array]:
    """A flat vector by tensor."""
    flat = np.frombuffer(row, "<f4" if dtype == "float32" else "<f8")
    arrays, at = {}, 0
    for name, shape in shapes.items():
        size = int(np.prod(shape))
        arrays[name] = flat[at : at + size].reshape(shape)
        at += size
    return arrays


def submit(client: Client, model: str, weights: Weights, made: Update) -> None:
    """Sends an update as :meth:`fedstep.Client.train` does."""
    client.submit(
        model,
        weights,
        made.gradient,
        weight=made.weight,
        local_rate=made.local_rate,
        control=made.control,
        keeper=made.keeper,
    )


class FileTest(unittest.TestCase):
    """The file of a client's controls, as the Python and the Java client read and write it."""

    owner = ("drift", "alice")

    def kept(self, dtype: str) -> dict[int, Arrays]:
        return {
            round: {
                "w": (round + np.arange(6) / 8).reshape(2, 3).astype(dtype),
                "é:b": np.array(round - 1 / 3, dtype),
            }
            for round in (3, 12)
        }

    def test_a_file_of_either_client_is_read(self) -> None:
        for client in ("java", "python"):
            for dtype in ("float32", "float64"):
                file = GOLDEN / f"thin/controls-{client}.{dtype}.safetensors"
                owner, kept = _read(file)
                self.assertEqual(owner, self.owner)
                self.assertEqual(list(kept), [3, 12])
                for round, arrays in self.kept(dtype).items():
                    self.assertEqual(list(kept[round]), list(arrays))
                    for name, array in arrays.items():
                        self.assertEqual(kept[round][name].dtype, array.dtype)
                        np.testing.assert_array_equal(kept[round][name], array, file.name)

    def test_a_file_is_what_java_reads(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for dtype in ("float32", "float64"):
                file = Path(folder, "alice.safetensors")
                _write(file, self.owner, self.kept(dtype))
                golden = GOLDEN / f"thin/controls-python.{dtype}.safetensors"
                self.assertEqual(file.read_bytes(), golden.read_bytes())


class DecodingTest(unittest.TestCase):
    def test_what_was_encoded_is_decoded_as_the_server_does(self) -> None:
        arrays = random_update(7)
        shapes = {name: array.shape for name, array in arrays.items()}
        for encoding in ("int8", "eden-1", "eden-2", "eden-3", "eden-4"):
            body = encodings.encode(arrays, encoding, list(arrays))
            found = decoding.decoded(body, arrays, np.dtype(np.float32))
            for name, array in reference(body, shapes).items():
                np.testing.assert_array_equal(found[name], array, f"{encoding} {name}")


class GoldenTest(ServerTest):
    """The rounds of the reference, whose clients are ours."""

    def test_controls_are_the_references(self) -> None:
        for case, golden in enumerate(json.loads((GOLDEN / "thin/scaffold.json").read_text())):
            with self.subTest(case):
                self.train(f"{self.model}-{case}", golden)

    def train(self, model: str, golden: dict[str, Any]) -> None:
        spec = golden["spec"]
        dtype = spec["dtype"]
        given = spec["tensors"]
        shapes = {name: s if isinstance(s, list) else s["shape"] for name, s in given.items()}
        stepped = {name: s for name, s in given.items() if isinstance(s, list)}
        self.admin._put(f"/v1/models/{model}", spec)
        self.addCleanup(self.admin.delete, model)
        scaffolds: dict[str, Scaffold] = {}
        for number, round in enumerate(golden["rounds"]):
            for id, update in round["updates"].items():
                client = self.client(id)
                if update["control"] == "lost":
                    scaffolds.pop(id, None)
                scaffold = scaffolds.setdefault(id, Scaffold())
                rows = cut(bytes.fromhex(update["row"]), shapes, dtype)
                before = cut(bytes.fromhex(update["control_before"]), stepped, dtype)
                mean = cut(bytes.fromhex(round["control"]), stepped, dtype)

                def train(_: Arrays, __: int, control: Arrays, own: Arrays) -> Update:
                    for name, array in mean.items():  # noqa: B023 - runs within this turn
                        np.testing.assert_array_equal(control[name], array)
                        np.testing.assert_array_equal(own[name], before[name])  # noqa: B023
                    rate = update["local_rate"]  # noqa: B023
                    return Update(rows, update["weight"], local_rate=rate)  # noqa: B023

                step = scaffold.local_step(client, model, train)
                weights = client.weights(model)
                self.assertEqual(weights.version, number)
                made = step(weights.arrays, number)
                assert made is not None
                submit(client, model, weights, made)
                after = cut(bytes.fromhex(update["control_after"]), stepped, dtype)
                for name, array in after.items():
                    kept = scaffold._kept[number][name]
                    np.testing.assert_array_equal(kept, array, f"{model} {number} {id} {name}")
            self.model = model
            self.until(number + 1)
            state = self.admin.optimizer_state(model).decode()
            self.assertEqual(state, round["state"])


class ScaffoldTest(ServerTest):
    """A quadratic for each client, whose minima lie apart and whose slopes differ."""

    SLOPES: Mapping[str, Any] = {"alice": [4.0, 0.5], "bob": [0.5, 4.0]}
    MINIMA: Mapping[str, Any] = {"alice": [1.0, -3.0], "bob": [-5.0, 7.0]}
    STEPS = 10
    RATE = 0.05

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def create(self, modules: list[Any], updates: int = 2) -> None:
        self.admin.create(
            self.model,
            {"w": np.zeros(2)},
            optimizer={"lrate": 1.0, "modules": modules},
            aggregator=UNWEIGHTED,
            round={"min_updates": updates},
        )

    def minimum(self) -> Array:
        """Where the sum of the losses is least."""
        slopes = np.array([self.SLOPES[id] for id in ("alice", "bob")])
        minima = np.array([self.MINIMA[id] for id in ("alice", "bob")])
        least: Array = (slopes * minima).sum(axis=0) / slopes.sum(axis=0)
        return least

    def trained(self, id: str, weights: Arrays, control: Arrays, own: Arrays) -> Update:
        w = weights["w"].copy()
        for _ in range(self.STEPS):
            gradient = np.array(self.SLOPES[id]) * (w - np.array(self.MINIMA[id]))
            w -= self.RATE * (gradient - own["w"] + control["w"])
        return Update.from_weights(weights, {"w": w}, local_rate=self.STEPS * self.RATE)

    def step_of(self, client: Client, scaffold: Scaffold) -> Any:
        def train(weights: Arrays, round: int, control: Arrays, own: Arrays) -> Update:
            assert client.client_id is not None
            return self.trained(client.client_id, weights, control, own)

        return scaffold.local_step(client, self.model, train)

    def round(self, scaffolds: Mapping[str, Scaffold]) -> None:
        """One round of all."""
        version = self.admin.model(self.model)["version"]
        weights = self.admin.weights(self.model)
        for id, scaffold in scaffolds.items():
            client = self.client(id)
            made = self.step_of(client, scaffold)(weights.arrays, weights.version)
            submit(client, self.model, weights, made)
        self.until(version + 1)

    def test_training_ends_at_the_minimum_of_the_mean_of_losses(self) -> None:
        self.create(["scaffold-server"])
        scaffolds = {"alice": Scaffold(), "bob": Scaffold()}
        zeros = {"w": np.zeros(2)}
        # without controls: where the updates of both cancel out
        w = np.zeros(2)
        for _ in range(40):
            updates = [self.trained(id, {"w": w}, zeros, zeros).gradient["w"] for id in scaffolds]
            w = w - np.mean(updates, axis=0)
        self.assertGreater(np.abs(w - self.minimum()).max(), 0.5)
        for _ in range(40):
            self.round(scaffolds)
        found = self.admin.weights(self.model).arrays["w"]
        np.testing.assert_allclose(found, self.minimum(), atol=1e-6)

    def test_an_encoded_update_keeps_the_client_in_step(self) -> None:
        big = {"w": np.zeros(100, np.float32)}
        self.admin.create(
            self.model, big, optimizer=SCAFFOLD, aggregator=UNWEIGHTED, round={"min_updates": 1}
        )
        client, scaffold = self.client("alice"), Scaffold()
        dice = np.random.default_rng(3)

        def train(weights: Arrays, round: int, control: Arrays, own: Arrays) -> Update:
            gradient = dice.standard_normal(100).astype(np.float32)
            return Update({"w": gradient}, local_rate=0.5)

        for encoding in ("int8", "eden-4", "eden-1"):
            step = scaffold.local_step(client, self.model, train)
            client.train(self.model, step, rounds=1, encoding=encoding)
            version = self.admin.model(self.model)["version"]
            # the mean of the controls of one client is that client's
            control = client.control(self.model)
            self.assertEqual(control.round, version - 1)
            kept = scaffold._kept[version - 1]["w"]
            np.testing.assert_allclose(kept, control.arrays["w"], rtol=1e-5, atol=1e-6)

    def test_a_file_outlives_the_process_and_a_lost_one_begins_anew(self) -> None:
        self.create(["scaffold-server"])
        file = self.folder / "alice.safetensors"
        bob = Scaffold()
        self.round({"alice": Scaffold(file), "bob": bob})
        self.round({"alice": Scaffold(file), "bob": bob})
        self.assertEqual(self.client("alice").control(self.model).round, 1)
        self.assertEqual(list(Scaffold(file)._kept), [0, 1])
        self.round({"alice": Scaffold(), "bob": bob})
        control = self.client("bob").control(self.model)
        self.assertIsNone(control.round)
        np.testing.assert_array_equal(control.arrays["w"], [0, 0])
        self.round({"alice": Scaffold(file), "bob": bob})
        self.assertEqual(self.client("alice").control(self.model).round, 3)
        with self.assertRaisesRegex(ValueError, "alice"):
            Scaffold(file).local_step(self.client("bob"), self.model, lambda *_: None)

    def test_an_update_that_came_too_late_does_not_count(self) -> None:
        self.create(["scaffold-server"])
        scaffolds = {"alice": Scaffold(), "bob": Scaffold()}
        self.round(scaffolds)
        alice = self.client("alice")
        weights = alice.weights(self.model)
        late = self.step_of(alice, scaffolds["alice"])(weights.arrays, 1)
        self.admin.restore(self.model, 1)  # discards round 1
        with self.assertRaises(Problem):
            submit(alice, self.model, weights, late)
        self.assertEqual(list(scaffolds["alice"]._kept), [0, 1])
        self.round(scaffolds)
        self.assertEqual(list(scaffolds["alice"]._kept), [0, 2])
        self.assertEqual(alice.control(self.model).round, 2)

    def test_an_update_of_an_earlier_life_is_not_sent_in_another_form(self) -> None:
        self.create(["scaffold-server"])
        file = self.folder / "alice.safetensors"
        client = self.client("alice")
        weights = client.weights(self.model)
        made = self.step_of(client, Scaffold(file))(weights.arrays, 0)
        submit(client, self.model, weights, made)
        again = Scaffold(file)
        self.assertIsNone(self.step_of(client, again)(weights.arrays, 0))
        # one of another process in its place: what was kept is of no use
        with unittest.mock.patch.object(client, "has_sent", return_value=False):
            other = self.step_of(client, again)(weights.arrays, 0)
        changed = {"w": other.gradient["w"] + 1}
        with self.assertRaisesRegex(Problem, "update-differs"):
            submit(client, self.model, weights, replace(other, gradient=changed))
        self.assertEqual(list(again._kept), [])
        self.assertEqual(list(Scaffold(file)._kept), [])

    def test_what_the_server_does_not_take_is_refused_by_it(self) -> None:
        self.create(["scaffold-server"])
        client, scaffold = self.client("alice"), Scaffold()
        ones = {"w": np.ones(2)}
        refused: list[tuple[str, Update]] = [
            ("415 unsupported-format", Update(ones, local_rate=0.5, encoding="top-k")),
            ("422 wrong-shape", Update({}, local_rate=0.5)),
            ("422 wrong-shape", Update({}, local_rate=0.5, partial=True)),
            ("422 wrong-shape", Update({"w": np.ones(3)}, local_rate=0.5)),
            ("422 wrong-shape", Update({"w": np.ones((1, 2))}, local_rate=0.5)),
            ("422 wrong-shape", Update({**ones, "v": np.ones(2)}, local_rate=0.5)),
            ("422 wrong-shape", Update({"w": np.ones(3)}, local_rate=0.5, encoding="int8")),
            ("422 not-finite", Update({"w": np.array([1, np.inf])}, local_rate=0.5)),
            ("422 bad-rate", Update(ones, local_rate=0.0)),
            ("422 bad-rate", Update(ones, local_rate=-1.0)),
            ("422 bad-rate", Update(ones, local_rate=float("nan"))),
            ("422 bad-rate", Update(ones, local_rate=1e13)),
            ("422 bad-weight", Update(ones, -1.0, local_rate=0.5)),
        ]
        for expected, update in refused:
            with self.subTest(expected, update=update):
                step = scaffold.local_step(client, self.model, lambda *_, u=update: u)
                with self.assertRaises(Problem) as caught:
                    client.train(self.model, step)
                problem = caught.exception
                self.assertEqual(f"{problem.status} {problem.code}", expected)
        # and the next that it takes keeps the client in step
        other = Scaffold()
        for _ in range(2):
            self.round({"alice": scaffold, "bob": other})
        self.assertEqual(client.control(self.model).round, 1)
        self.assertEqual(list(scaffold._kept), [0, 1])

    def test_an_update_without_its_rate_is_refused(self) -> None:
        self.create(["scaffold-server"])
        client = self.client("alice")
        step = Scaffold().local_step(client, self.model, lambda *_: Update({"w": np.ones(2)}))
        with self.assertRaisesRegex(ValueError, "local_rate"):
            client.train(self.model, step)
        with self.assertRaisesRegex(Problem, "bad-rate"):
            client.submit(self.model, client.weights(self.model), {"w": np.ones(2)})


try:
    import torch
except ImportError:
    torch = None  # type: ignore[assignment]

if torch is not None:
    from fedstep import pytorch


@unittest.skipIf(torch is None, "torch is not installed")
class PytorchTest(ServerTest):
    def trained(self, id: str, **options: Any) -> tuple[Update, Array, Array]:
        """An update of one round of steps on random data, with some controls."""
        torch.manual_seed(1)
        module = torch.nn.Linear(3, 1, bias=False)
        optimizer = torch.optim.SGD(module.parameters(), **options)
        x, y = torch.randn(16, 3), torch.randn(16, 1)
        dice = np.random.default_rng(5)
        control = dice.standard_normal((1, 3)).astype(np.float32)
        own = dice.standard_normal((1, 3)).astype(np.float32)

        def train(round: int) -> tuple[float, dict[str, float]]:
            for _ in range(6):
                optimizer.zero_grad()
                torch.nn.functional.mse_loss(module(x), y).backward()
                optimizer.step()
            return 16.0, {}

        step = pytorch.scaffold_step(module, optimizer, train)
        weights = {"weight": module.weight.detach().numpy().copy()}
        update = step(weights, 0, {"weight": control}, {"weight": own})
        again = step(weights, 1, {"weight": control}, {"weight": own})
        assert update is not None and again is not None
        np.testing.assert_array_equal(update.gradient["weight"], again.gradient["weight"])
        return update, control, own

    def test_a_constant_gradient_moves_weights_by_the_rate(self) -> None:
        cases: list[dict[str, Any]] = [
            {"lr": 0.1},
            {"lr": 0.1, "momentum": 0.9},
            {"lr": 0.1, "momentum": 0.9, "nesterov": True},
            {"lr": 0.1, "momentum": 0.5, "dampening": 0.25},
        ]
        for options in cases:
            with self.subTest(options=options):
                module = torch.nn.Linear(3, 2)
                optimizer = torch.optim.SGD(module.parameters(), **options)

                def train(round: int, module: Any = module, optimizer: Any = optimizer) -> Any:
                    for step in range(7):
                        optimizer.param_groups[0]["lr"] = 0.1 / (step + 1)
                        for parameter in module.parameters():
                            parameter.grad = torch.ones_like(parameter)
                        optimizer.step()
                    return 7.0, {"loss": 0.5}

                weights = {k: v.numpy().copy() for k, v in module.state_dict().items()}
                zeros = {name: np.zeros_like(array) for name, array in weights.items()}
                update = pytorch.scaffold_step(module, optimizer, train)(weights, 0, zeros, zeros)
                assert update is not None and update.local_rate is not None
                for moved in update.gradient.values():
                    np.testing.assert_allclose(moved, update.local_rate, rtol=1e-5)
                self.assertEqual((update.weight, update.metrics), (7.0, {"loss": 0.5}))

    def test_gradients_are_corrected(self) -> None:
        update, control, own = self.trained("alice", lr=0.05)
        torch.manual_seed(1)
        module = torch.nn.Linear(3, 1, bias=False)
        x, y = torch.randn(16, 3), torch.randn(16, 1)
        before = module.weight.detach().clone()
        for _ in range(6):
            (gradient,) = torch.autograd.grad(
                torch.nn.functional.mse_loss(module(x), y), module.weight
            )
            with torch.no_grad():
                module.weight -= 0.05 * (
                    gradient - torch.from_numpy(own) + torch.from_numpy(control)
                )
        moved = (before - module.weight.detach()).numpy()
        np.testing.assert_allclose(update.gradient["weight"], moved, rtol=1e-5, atol=1e-6)
        self.assertAlmostEqual(update.local_rate or 0, 0.3)
        self.trained("alice", lr=0.05, momentum=0.9)  # which begins anew in each round

    def test_other_optimizers_are_refused(self) -> None:
        module = torch.nn.Linear(3, 1)
        with self.assertRaisesRegex(TypeError, "Adam"):
            pytorch.scaffold_step(module, torch.optim.Adam(module.parameters()), lambda _: (1, {}))  # type: ignore[arg-type]
        weights = {k: v.numpy().copy() for k, v in module.state_dict().items()}
        zeros = {name: np.zeros_like(array) for name, array in weights.items()}

        def apart(optimizer: Any, work: Any) -> None:
            pytorch.scaffold_step(module, optimizer, work)(weights, 0, zeros, zeros)

        halves: list[dict[str, Any]] = [
            {"params": [module.weight]},
            {"params": [module.bias], "lr": 0.5},
        ]
        two = torch.optim.SGD(halves, lr=0.1)
        with self.assertRaisesRegex(ValueError, "groups"):
            apart(two, lambda _: (two.step(), (1.0, {}))[1])
        one = torch.optim.SGD(module.parameters(), lr=0.1)
        with self.assertRaisesRegex(ValueError, "no step"):
            apart(one, lambda _: (1.0, {}))
        with self.assertRaisesRegex(TypeError, "closure"):
            apart(one, lambda _: (one.step(lambda: 0.0), (1.0, {}))[1])
        up = torch.optim.SGD(module.parameters(), lr=0.1, maximize=True)
        with self.assertRaisesRegex(ValueError, "maximizes"):
            apart(up, lambda _: (up.step(), (1.0, {}))[1])
