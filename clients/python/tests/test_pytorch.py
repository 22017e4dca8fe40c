"""PyTorch on the client's side."""

from __future__ import annotations

import contextlib
import unittest
from typing import Any

import numpy as np
from support import DIGITS, client, in_thread

from fedstep import Problem, Update, Weights

try:
    import torch
except ImportError as error:
    raise unittest.SkipTest("torch is not installed") from error

from fedstep import pytorch, tensors
from fedstep.tensors import Arrays

torch.set_num_threads(1)  # of such small work, more would wait for each other


def network(seed: int) -> torch.nn.Module:
    torch.manual_seed(seed)
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3),
        torch.nn.BatchNorm2d(4),
        torch.nn.Flatten(),
        torch.nn.Linear(16, 2),
    )


class PytorchTest(unittest.TestCase):
    def setUp(self) -> None:
        self.model = self._testMethodName
        self.client = client("alice")
        self.addCleanup(self.remove)

    def remove(self) -> None:
        with contextlib.suppress(Problem):
            self.client.delete(self.model)

    def test_a_state_dict_comes_back_to_the_bit(self) -> None:
        sent, got = network(1), network(2)
        with torch.no_grad():
            sent(torch.randn(8, 1, 4, 4))  # moves the buffers of the normalization
        self.client.create(self.model, sent.state_dict())
        steps = got.state_dict()["1.num_batches_tracked"].clone()
        pytorch.load_weights(got, self.client.weights(self.model).arrays)
        for name, tensor in got.state_dict().items():
            if tensor.is_floating_point():
                self.assertTrue(torch.equal(tensor, sent.state_dict()[name]), name)
        self.assertEqual(got.state_dict()["1.num_batches_tracked"], steps)
        self.assertNotIn("1.num_batches_tracked", self.client.weights(self.model).arrays)

    def test_every_format_and_layout_arrives(self) -> None:
        exact = torch.tensor([[1.5, -2.0, 3.0], [0.25, -0.0, 8.0]])
        arrays = {
            "float32": exact,
            "transposed": exact.T,
            "strided": exact[:, ::2],
            "half": exact.half(),
            "bfloat16": exact.bfloat16(),
            "bfloat16-transposed": exact.bfloat16().T,
            "scalar": torch.tensor(2.5),
            "learned": torch.nn.Parameter(exact),
        }
        self.client.create(self.model, arrays)
        got = self.client.weights(self.model).arrays
        self.assertEqual(list(got), list(arrays))
        for name, tensor in arrays.items():
            np.testing.assert_array_equal(got[name], tensor.detach().float().numpy(), name)
        self.assertEqual(self.client.model(self.model)["dtype"], "float32")

    def test_a_tensor_is_sent_from_its_own_memory(self) -> None:
        tensor = torch.zeros(1000)
        pieces = list(tensors.encode({"w": tensor}).pieces())[1:]
        tensor += 1
        self.assertEqual(np.frombuffer(pieces[0], np.float32).sum(), 1000)

    def test_clients_train_a_module_together(self) -> None:
        self.client.create(
            self.model,
            network(1).state_dict(),
            optimizer={"lrate": 1.0, "modules": []},
            round={"min_updates": 2, "rounds": 5},
        )
        ended: list[Weights] = []

        def take_part(name: str, seed: int) -> None:
            module = network(seed)
            optimizer = torch.optim.SGD(module.parameters(), 0.1)
            random = torch.Generator().manual_seed(seed)
            x = torch.randn(32, 1, 4, 4, generator=random)
            y = (x.mean((1, 2, 3)) > 0).long()

            def train(round: int) -> pytorch.Trained:
                for _ in range(3):
                    loss = torch.nn.functional.cross_entropy(module(x), y)
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                return len(x), {"loss": loss.item()}

            def test(version: int) -> tuple[dict[str, float], int]:
                return {"guessed": (module(x).argmax(1) == y).float().mean().item()}, len(x)

            step, evaluate = pytorch.local_step(module, train), pytorch.evaluate(module, test)
            ended.append(client(name).train(self.model, step, evaluate=evaluate))

        for join in [
            in_thread(lambda: take_part("alice", 3)),
            in_thread(lambda: take_part("bob", 4)),
        ]:
            join()
        self.assertEqual([weights.version for weights in ended], [5, 5])
        losses = [r["metrics"]["loss"] for r in self.client.rounds(self.model)]
        self.assertLess(losses[0], 0.9 * losses[-1])  # newest first
        self.assertEqual(len([v for v in self.client.versions(self.model) if v["metrics"]]), 6)

    def test_buffers_of_a_module_are_only_averaged(self) -> None:
        names = ["1.running_mean", "1.running_var"]
        self.assertEqual(pytorch.plain_tensors(network(1)), names)
        wrapped = torch.nn.DataParallel(network(1))
        self.assertEqual(pytorch.plain_tensors(wrapped), [f"module.{name}" for name in names])
        with self.assertLogs("fedstep", "INFO") as log:
            made = self.client.create(self.model, network(1))
        self.assertEqual(len([line for line in log.output if ", ".join(names) in line]), 1)
        steps = {one["name"]: one["step"] for one in made["layout"]}
        self.assertEqual([name for name in steps if steps[name] == "plain"], names)
        self.assertEqual(made["tensors"]["1.running_var"], {"shape": [4], "step": "plain"})
        self.client.create(self.model, network(1))  # it is there, as it is asked for
        with self.assertRaisesRegex(Problem, "tensors"):
            self.client.create(self.model, network(1), plain=())
        self.client.delete(self.model)
        made = self.client.create(self.model, network(1), plain=())
        self.assertEqual({one["step"] for one in made["layout"]}, {"optimizer"})

    def test_buffers_that_are_not_stored_stay(self) -> None:
        module = network(1)
        module.register_buffer("scale", torch.ones(2))
        module.register_buffer("cache", torch.ones(2), persistent=False)
        self.assertEqual(
            pytorch.plain_tensors(module), ["scale", "1.running_mean", "1.running_var"]
        )

    def test_batch_norm_trains_under_the_default_optimizer(self) -> None:
        accuracy, ended = self.train_digits(rounds=10)
        self.assertGreater(accuracy, 0.9)
        self.assertGreaterEqual(ended["0.running_var"].min(), 0)
        self.client.delete(self.model)
        _, ended = self.train_digits(rounds=1, plain=())  # stepped, variances become negative
        self.assertLess(ended["0.running_var"].min(), 0)

    def train_digits(self, rounds: int, **more: Any) -> tuple[float, Arrays]:
        """The accuracy of a network with BatchNorm after so many rounds, and its weights."""
        table = np.loadtxt(DIGITS, delimiter=",", dtype=np.float32)
        x = torch.from_numpy(table[:, :64] / 16)
        y = torch.from_numpy(table[:, 64].astype(np.int64))
        torch.manual_seed(1)
        module = torch.nn.Sequential(
            torch.nn.BatchNorm1d(64),
            torch.nn.Linear(64, 32),
            torch.nn.BatchNorm1d(32),
            torch.nn.ReLU(),
            torch.nn.Linear(32, 10),
        )
        for batch in x.split(32):
            module(batch)  # its statistics are those of the pixels, some nearly constant
        self.client.create(self.model, module, round={"rounds": rounds}, **more)

        def train(round: int) -> pytorch.Trained:
            module.train()
            optimizer = torch.optim.SGD(module.parameters(), 0.05)
            for batch in torch.randperm(len(x)).split(32):
                loss = torch.nn.functional.cross_entropy(module(x[batch]), y[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            return len(x), {}

        ended = self.client.train(self.model, pytorch.local_step(module, train)).arrays
        pytorch.load_weights(module, ended)
        module.eval()
        return (module(x).argmax(1) == y).float().mean().item(), ended

    def test_wrapped_modules_are_those_that_they_wrap(self) -> None:
        plain = {name: t.numpy() for name, t in network(1).state_dict().items() if t.ndim}
        wrapped = {f"module.{name}": array for name, array in plain.items()}
        cases: list[tuple[tensors.Arrays, Any]] = [
            (plain, torch.nn.DataParallel(network(2))),
            (wrapped, network(2)),
            (wrapped, torch.compile(network(2))),
        ]
        for weights, module in cases:
            pytorch.load_weights(module, weights)
            update = Update.from_weights(weights, module.state_dict())
            self.assertEqual(list(update.gradient), list(weights))
            self.assertFalse(any(difference.any() for difference in update.gradient.values()))

    def test_what_does_not_fit_a_module_is_said(self) -> None:
        with self.assertRaises(KeyError):
            pytorch.load_weights(network(1), {"none": np.zeros(3)})
        with self.assertRaisesRegex(RuntimeError, "3.bias"):
            pytorch.load_weights(network(1), {"3.bias": np.zeros(3)})


if __name__ == "__main__":
    unittest.main()
