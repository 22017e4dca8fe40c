"""The client and a real server."""

from __future__ import annotations

import contextlib
import io
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
from support import ServerTest, Wire, client, eventually, in_thread

from fedstep import (
    NotInvited,
    Problem,
    RoundClosed,
    TrainingStopped,
    Update,
    Weights,
    __version__,
)
from fedstep.__main__ import main
from fedstep.tensors import Arrays

SGD = {"lrate": 1.0, "modules": []}
TOY: Arrays = {"w": np.array([1, 2, 3], np.float32), "b": np.array(4, np.float32)}
STEP: Arrays = {"w": np.array([1, 0, 0], np.float32), "b": np.array(0, np.float32)}


class ModelsTest(ServerTest):
    def test_a_model_is_created_from_arrays_and_found_again(self) -> None:
        for _ in range(2):
            made = self.admin.create(self.model, TOY, optimizer=SGD, round={"min_updates": 2})
            self.assertEqual(made["tensors"], {"w": [3], "b": []})
            self.assertEqual((made["dtype"], made["version"]), ("float32", 0))
        weights = self.admin.weights(self.model)
        for name, array in TOY.items():
            np.testing.assert_array_equal(weights.arrays[name], array)
            self.assertEqual(weights.arrays[name].dtype, np.float32)
        self.assertIn(self.model, [model["model"] for model in self.admin.models()])

    def test_another_spec_for_the_same_name_is_a_problem(self) -> None:
        self.admin.create(self.model, TOY)
        with self.assertRaises(Problem) as raised:
            self.admin.create(self.model, {"w": np.zeros(4)})
        self.assertEqual(raised.exception.code, "model-exists")

    def test_plain_tensors_are_only_averaged(self) -> None:
        zeros = {name: np.zeros(2, np.float32) for name in ("w", "a.mean", "b.mean", "scale[0]")}
        made = self.admin.create(
            self.model,
            zeros | {"steps": np.zeros((), np.int64)},
            plain=["*.mean", "scale[0]"],
            optimizer={"lrate": 0.5, "modules": []},
            round={"min_updates": 2},
        )
        steps = [one["step"] for one in made["layout"]]
        self.assertEqual(steps, ["optimizer", "plain", "plain", "plain"])
        for name, value in (("alice", 1), ("bob", 3)):
            update = {key: np.full(2, value, np.float32) for key in zeros}
            self.client(name).submit(self.model, 0, update)
        moved = self.until(1).arrays
        self.assertEqual(moved["w"].tolist(), [-1, -1])
        self.assertEqual(moved["b.mean"].tolist(), [-2, -2])
        self.assertEqual(moved["scale[0]"].tolist(), [-2, -2])

    def test_a_name_that_nothing_fits_is_a_mistake(self) -> None:
        arrays = {"a.mean": np.zeros(2), "a.steps": np.zeros(2, np.int64)}
        for pattern in ("*.var", "A.mean", "a.steps", ""):
            with self.assertRaisesRegex(ValueError, "plain"):
                self.admin.create(self.model, arrays, plain=["*.mean", pattern])

    def test_float64_is_kept_to_the_bit(self) -> None:
        array = np.random.default_rng(2).standard_normal((17, 3))
        self.admin.create(self.model, {"w": array}, optimizer=SGD)
        self.assertEqual(self.admin.weights(self.model).arrays["w"].tobytes(), array.tobytes())

    def test_half_precision_is_converted_by_the_server(self) -> None:
        self.admin.create(self.model, TOY, optimizer=SGD)
        half = {name: array.astype(np.float16) for name, array in STEP.items()}
        self.client("alice").submit(self.model, 0, half)
        np.testing.assert_array_equal(self.until(1).arrays["w"], [0, 2, 3])

    def test_a_hundred_tensors_of_odd_shapes_come_back(self) -> None:
        random = np.random.default_rng(3)
        arrays = {
            f"layer.{i}": random.standard_normal((i % 7 + 1, i % 5 + 1, i % 3 + 1)).astype("f4")
            for i in range(100)
        }
        self.admin.create(self.model, {name: array.T for name, array in arrays.items()})
        got = self.admin.weights(self.model).arrays
        self.assertEqual(list(got), list(arrays))
        for name, array in arrays.items():
            np.testing.assert_array_equal(got[name], array.T)


class RoundsTest(ServerTest):
    def test_an_update_makes_a_version_that_the_waiting_are_told(self) -> None:
        self.admin.create(self.model, TOY, optimizer=SGD, round={"min_updates": 2})
        before = self.admin.weights(self.model)
        seen: list[Weights | None] = []
        join = in_thread(lambda: seen.append(client().wait(self.model, before)))
        alice = self.client("alice")
        receipt = alice.submit(self.model, before, STEP, weight=3, metrics={"loss": 0.5})
        self.assertEqual((receipt["client"], receipt["updates"]), ("alice", 1))
        self.assertEqual(alice.submit(self.model, before, STEP, weight=3), receipt)
        bob = self.client("bob")
        bob.submit(self.model, before, {"w": [0, 0, 0], "b": 4}, metrics={"loss": 1.5})
        join()
        assert seen[0] is not None
        self.assertEqual(seen[0].version, 1)
        np.testing.assert_array_equal(seen[0].arrays["w"], np.array([0.25, 2, 3], np.float32))
        record = self.admin.round(self.model, 0)
        self.assertEqual(record["metrics"], {"loss": 0.75})
        self.assertEqual(len(self.admin.rounds(self.model)), 1)
        np.testing.assert_array_equal(
            self.admin.gradient(self.model)["w"], np.array([0.75, 0, 0], np.float32)
        )

    def test_waiting_ends_with_the_time_or_the_training(self) -> None:
        self.admin.create(self.model, TOY)
        weights = self.admin.weights(self.model)
        self.assertIsNone(self.admin.wait(self.model, weights, timeout=0.05))
        self.admin.stop(self.model)
        self.assertIsNone(self.admin.wait(self.model, weights))
        self.assertEqual(self.admin.weights(self.model).phase, "stopped")
        with self.assertRaises(TrainingStopped):
            self.client("alice").submit(self.model, weights, STEP)
        self.assertEqual(self.admin.start(self.model)["phase"], "collecting")

    def test_refusals_tell_the_place(self) -> None:
        self.admin.create(self.model, TOY)
        alice = self.client("alice")
        with self.assertRaises(Problem) as raised:
            alice.submit(self.model, 0, {**STEP, "w": np.zeros(4)})
        self.assertEqual(raised.exception.code, "wrong-shape")
        self.assertEqual(raised.exception.members["tensor"], "w")
        self.assertEqual(raised.exception.members["expected"], [3])
        with self.assertRaises(Problem) as raised:
            alice.submit(self.model, 0, {**STEP, "w": np.array([0, np.nan, 0])})
        self.assertEqual(raised.exception.code, "not-finite")
        self.assertEqual(raised.exception.members["index"], 1)

    def test_a_closed_round_says_which_is_open(self) -> None:
        self.admin.create(self.model, TOY)
        alice, bob = self.client("alice"), self.client("bob")
        alice.submit(self.model, 0, STEP)
        self.until(1)
        with self.assertRaises(RoundClosed) as raised:
            bob.submit(self.model, 0, STEP)
        self.assertEqual(raised.exception.members["current_round"], 1)

    def test_administration(self) -> None:
        self.admin.create(self.model, TOY, optimizer=SGD, round={"max_updates": 5})
        self.client("alice").submit(self.model, 0, STEP)
        self.assertEqual(self.admin.close_round(self.model)["closed_by"], "manual")
        policy = self.admin.set_round(self.model, {"min_updates": 3})["round"]
        self.assertEqual(policy["min_updates"], 3)
        self.admin.set_optimizer(self.model, SGD | {"lrate": 0.5})
        self.assertEqual(self.admin.optimizer(self.model)["lrate"], 0.5)
        self.client("carol").report(self.model, 1, {"accuracy": 0.75}, weight=4)
        newest = self.admin.versions(self.model)[0]
        self.assertEqual((newest["version"], newest["metrics"]), (1, {"accuracy": 0.75}))
        self.assertEqual(self.admin.restore(self.model, 0)["version"], 2)
        np.testing.assert_array_equal(self.admin.weights(self.model).arrays["w"], TOY["w"])
        np.testing.assert_array_equal(self.admin.weights(self.model, 1).arrays["w"], [0, 2, 3])

    def test_optimizer_state_goes_out_and_back(self) -> None:
        self.admin.create(self.model, TOY)
        self.client("alice").submit(self.model, 0, STEP)
        self.until(1)
        state = self.admin.optimizer_state(self.model)
        self.assertTrue(state.startswith(b'{"modules": [["rmsprop", {"state": {"__type__":'))
        self.client("alice").submit(self.model, 1, STEP)
        self.until(2)
        self.assertNotEqual(self.admin.optimizer_state(self.model), state)
        self.assertEqual(self.admin.set_optimizer_state(self.model, state)["version"], 3)
        self.assertEqual(self.admin.optimizer_state(self.model), state)
        self.assertEqual(self.admin.optimizer_state(self.model, 1), state)
        with self.assertRaises(Problem) as raised:
            self.admin.set_optimizer_state(self.model, '{"modules": []}')
        self.assertEqual(raised.exception.code, "bad-state")


class LostAnswersTest(ServerTest):
    def setUp(self) -> None:
        super().setUp()
        self.wire = Wire(self.server.port)
        self.addCleanup(self.wire.close)
        self.far = self.client("alice", self.wire.url)

    def lose(self, request: str) -> None:
        self.wire.lose(request)

    def test_of_an_update_gives_the_same_receipt_and_one_update(self) -> None:
        self.far.create(self.model, TOY, optimizer=SGD, round={"min_updates": 2})
        self.lose(f"PUT /v1/models/{self.model}/rounds/0/updates/alice")
        receipt = self.far.submit(self.model, 0, STEP, weight=3)
        self.assertEqual(self.wire.lost, 1)
        self.assertEqual(receipt["updates"], 1)
        self.assertEqual(self.admin.round(self.model)["updates"], 1)

    def test_of_the_update_that_closes_the_round(self) -> None:
        self.far.create(self.model, TOY, optimizer=SGD)
        self.lose(f"PUT /v1/models/{self.model}/rounds/0/updates/alice")
        self.assertEqual(self.far.submit(self.model, 0, STEP)["round"], 0)
        self.assertEqual(self.wire.lost, 1)
        self.assertEqual(self.until(1).version, 1)

    def test_of_a_creation_and_of_weights(self) -> None:
        for request in (f"PUT /v1/models/{self.model} ", f"PUT /v1/models/{self.model}/weights"):
            self.lose(request)
            self.far.create(self.model, TOY)
            self.admin.delete(self.model)
        self.assertEqual(self.wire.lost, 2)

    def test_of_a_restore_makes_one_version(self) -> None:
        self.far.create(self.model, TOY)
        self.far.submit(self.model, 0, STEP)
        self.until(1)
        self.lose(f"POST /v1/models/{self.model}/versions/0/restore")
        made = self.far.restore(self.model, 0)
        self.assertEqual((self.wire.lost, made["version"]), (1, 2))
        self.assertEqual(self.admin.model(self.model)["base"], made["base"])

    def test_of_a_state_makes_one_version(self) -> None:
        self.far.create(self.model, TOY)
        self.far.submit(self.model, 0, STEP)
        self.until(1)
        state = self.far.optimizer_state(self.model)
        self.lose(f"PUT /v1/models/{self.model}/optimizer/state")
        self.assertEqual(self.far.set_optimizer_state(self.model, state)["version"], 2)
        self.assertEqual((self.wire.lost, self.admin.model(self.model)["version"]), (1, 2))

    def test_of_weights_are_fetched_again(self) -> None:
        self.far.create(self.model, {"w": np.ones(100_000, np.float32)})
        self.lose(f"GET /v1/models/{self.model}/weights")
        np.testing.assert_array_equal(self.far.weights(self.model).arrays["w"], 1)
        self.assertEqual(self.wire.lost, 1)

    def test_of_weights_that_break_off_the_rest_is_fetched(self) -> None:
        values = np.arange(100_000, dtype=np.float32)
        self.admin.create(self.model, {"w": values})
        self.wire.most = 90_000
        np.testing.assert_array_equal(self.far.weights(self.model).arrays["w"], values)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "weights"
            self.far.pull(self.model, file)
            self.assertEqual(file.read_bytes()[-400_000:], values.tobytes())


class TrainTest(ServerTest):
    def test_clients_train_until_the_last_round(self) -> None:
        policy = {"min_updates": 2, "rounds": 20}
        optimizer = {"lrate": 0.5, "modules": []}
        self.admin.create(self.model, {"w": np.zeros(2)}, optimizer=optimizer, round=policy)
        ended: list[Weights] = []

        def take_part(name: str, wanted: float) -> None:
            def step(weights: Arrays, round: int) -> Update:
                return Update({"w": weights["w"] - wanted}, metrics={"round": round})

            ended.append(client(name).train(self.model, step))

        joins = [
            in_thread(lambda: take_part("alice", 1.0)),
            in_thread(lambda: take_part("bob", 3.0)),
        ]
        for join in joins:
            join()
        for weights in ended:
            self.assertEqual((weights.version, weights.phase), (20, "stopped"))
            np.testing.assert_allclose(weights.arrays["w"], 2.0, atol=1e-5)
        self.assertEqual(self.admin.round(self.model, 7)["metrics"], {"round": 7.0})

    def test_a_number_of_rounds_gives_the_weights_after_the_last(self) -> None:
        self.admin.create(self.model, TOY, optimizer=SGD)
        weights = self.client("alice").train(self.model, lambda w, r: Update(STEP), rounds=3)
        self.assertEqual(weights.version, 3)
        np.testing.assert_array_equal(weights.arrays["w"], [-2, 2, 3])

    def test_who_is_too_late_trains_again_from_the_newest(self) -> None:
        self.admin.create(self.model, TOY, optimizer=SGD)
        trained: list[int] = []

        def step(weights: Arrays, round: int) -> Update:
            trained.append(round)
            if round == 0:
                client("bob").submit(self.model, 0, STEP)
                self.until(1)
            return Update(STEP)

        weights = self.client("alice").train(self.model, step, rounds=2)
        self.assertEqual((trained, weights.version), ([0, 1, 2], 3))

    def test_training_that_is_stopped_meanwhile_ends(self) -> None:
        self.admin.create(self.model, TOY, optimizer=SGD)

        def step(weights: Arrays, round: int) -> Update:
            if round == 1:
                self.admin.stop(self.model)
            return Update(STEP)

        weights = self.client("alice").train(self.model, step)
        self.assertEqual((weights.version, weights.phase), (1, "stopped"))
        again = self.client("alice").train(self.model, step)
        self.assertEqual(again.base, weights.base)

    def test_a_restored_version_is_trained_from(self) -> None:
        self.admin.create(self.model, TOY, optimizer=SGD)

        def step(weights: Arrays, round: int) -> Update:
            if round == 1:
                self.admin.restore(self.model, 0)  # version 2
            return Update(STEP)

        weights = self.client("alice").train(self.model, step, rounds=2)
        self.assertEqual(weights.version, 3)
        np.testing.assert_array_equal(weights.arrays["w"], [0, 2, 3])

    def test_an_update_from_an_earlier_life_counts(self) -> None:
        self.admin.create(self.model, TOY, optimizer=SGD, round={"min_updates": 2})
        self.client("alice").submit(self.model, 0, STEP, weight=5)
        alice = client("alice")
        with mock.patch.object(alice, "wait", wraps=alice.wait) as wait:
            join = in_thread(lambda: alice.train(self.model, lambda w, r: Update(STEP), rounds=1))
            eventually(lambda: wait.called)
            self.client("bob").submit(self.model, 0, STEP)
            join()
        self.assertEqual(self.admin.round(self.model, 0)["total_weight"], 6)

    def test_who_is_not_invited_waits(self) -> None:
        policy = {"participation": 0.5, "min_updates": 1, "timeout": "60m"}
        self.admin.create(self.model, TOY, optimizer=SGD, round=policy)
        clients = [self.client(f"hospital-{i}") for i in range(40)]
        waits = next(c for c in clients if not c.round(self.model)["invited"])
        with self.assertRaises(NotInvited):
            waits.submit(self.model, 0, STEP)
        trained: list[int] = []

        def step(weights: Arrays, round: int) -> Update:
            trained.append(round)
            return Update(STEP)

        join = in_thread(lambda: waits.train(self.model, step, rounds=1))
        number = 0
        while not waits.round(self.model)["invited"]:
            others = (c for c in clients if c.round(self.model)["invited"])
            next(others).submit(self.model, number, STEP)
            number = self.until(number + 1).version
        join()
        self.assertEqual(trained, [number])

    def test_who_is_invited_at_a_deadline_trains(self) -> None:
        policy = {"participation": 0.25, "timeout": "60m", "rounds": 1}
        self.assertEqual(self.trained(policy, policy | {"timeout": "300ms"}), [0])

    def test_who_is_invited_by_a_new_policy_trains(self) -> None:
        policy = {"participation": 0.25, "timeout": "60m", "rounds": 1}
        self.assertEqual(self.trained(policy, {"rounds": 1}), [0])

    def trained(self, policy: dict[str, object], other: dict[str, object]) -> list[int]:
        """The rounds of somebody who is not invited at first, with another policy meanwhile."""
        self.admin.create(self.model, TOY, optimizer=SGD, round=policy)
        clients = (self.client(f"hospital-{i}") for i in range(400))
        waits = next(c for c in clients if not c.round(self.model)["invited"])
        trained: list[int] = []

        def step(weights: Arrays, round: int) -> Update:
            trained.append(round)
            return Update(STEP)

        join = in_thread(lambda: waits.train(self.model, step))
        self.admin.set_round(self.model, other)
        join()
        return trained

    def test_buffered_rounds_take_older_versions(self) -> None:
        policy = {"mode": "buffered", "min_updates": 1}
        self.admin.create(self.model, TOY, optimizer=SGD, round=policy)

        def step(weights: Arrays, round: int) -> Update:
            if round == 0:
                client("bob").submit(self.model, 0, STEP)
                self.until(1)
            return Update(STEP)

        weights = self.client("alice").train(self.model, step, rounds=1)
        self.assertEqual(weights.version, 1)
        self.until(2)
        self.assertLess(self.admin.round(self.model, 1)["clients"][0]["effective_weight"], 1)

    def test_a_step_may_sit_a_round_out_and_its_errors_come_through(self) -> None:
        self.admin.create(self.model, TOY)

        def step(weights: Arrays, round: int) -> Update | None:
            if round == 0:
                client("bob").submit(self.model, 0, STEP)
                return None
            raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            self.client("alice").train(self.model, step)


class EventsTest(ServerTest):
    def test_a_round_is_told_also_through_a_lost_connection(self) -> None:
        self.admin.create(self.model, TOY, round={"min_updates": 2})
        wire = Wire(self.server.port)
        self.addCleanup(wire.close)
        events = self.client(url=wire.url).events(self.model)
        got = [next(events)]
        self.client("alice").submit(self.model, 0, STEP)
        got.append(next(events))
        wire.lose("GET")  # with the next event
        self.client("bob").submit(self.model, 0, STEP)
        while got[-1].name != "round-opened" or got[-1].data["round"] == 0:
            got.append(next(events))
        self.assertEqual(wire.lost, 1)
        told = [f"{event.name} {event.data['round']}" for event in got]
        self.assertEqual(told[:2], ["round-opened 0", "update-accepted 0"])
        self.assertEqual(told[-2:], ["round-completed 0", "round-opened 1"])
        self.assertEqual(told.count("round-opened 0"), 1)

    def test_of_an_unknown_model_is_a_problem(self) -> None:
        with self.assertRaises(Problem) as raised:
            next(self.admin.events("none-such"))
        self.assertEqual(raised.exception.code, "model-not-found")


class CommandLineTest(ServerTest):
    def run_command(self, *arguments: str, status: int = 0) -> str:
        out, err = io.TextIOWrapper(io.BytesIO()), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            ended = main(["--url", self.server.url, *arguments])
        out.flush()
        text = out.buffer.getvalue().decode()
        self.assertEqual(ended, status, text + err.getvalue())
        return str(text + err.getvalue())

    def setUp(self) -> None:
        super().setUp()
        self.model = f"cli-{self.model[-20:]}"
        self.admin.create(self.model, TOY)
        self.client("alice").submit(self.model, 0, STEP, metrics={"loss": 0.25})
        self.until(1)

    def test_models_are_listed(self) -> None:
        lines = self.run_command("models").splitlines()
        self.assertIn([self.model, "1", "collecting", "4", "float32"], [x.split() for x in lines])

    def test_weights_are_pulled(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "weights.safetensors"
            said = self.run_command("pull", self.model, "--version", "1", "-o", str(file))
            self.assertIn("version 1", said)
            content = file.read_bytes()
            self.assertEqual(list(Path(folder).iterdir()), [file])
        values = b"".join(a.tobytes() for a in self.admin.weights(self.model).arrays.values())
        self.assertEqual(content[8 + int.from_bytes(content[:8], "little") :], values)

    def test_state_is_exported_and_restored(self) -> None:
        exported = self.run_command("state", "export", self.model)
        self.assertEqual(exported.encode(), self.admin.optimizer_state(self.model))
        with tempfile.TemporaryDirectory() as folder:
            file = str(Path(folder) / "state.json")
            self.run_command("state", "export", self.model, "-o", file)
            self.assertIn("version 2", self.run_command("state", "restore", self.model, file))
        self.assertEqual(self.admin.model(self.model)["version"], 2)

    def test_rounds_are_followed(self) -> None:
        out: list[str] = []
        follow = ("follow", self.model, "--rounds", "1")
        join = in_thread(lambda: out.append(self.run_command(*follow)))
        alice = self.client("alice")
        for number in range(1, 500):  # until the follower has come
            if out:
                break
            alice.submit(self.model, number, STEP, metrics={"loss": 0.125})
            self.until(number + 1)
        join()
        self.assertRegex(out[0], r"round \d+: opened, [01] of 1 updates")
        self.assertRegex(out[0], r"round \d+: completed by max_updates, 1 updates, loss 0.125")

    def test_version_is_told(self) -> None:
        out = io.StringIO()
        with contextlib.redirect_stdout(out), self.assertRaises(SystemExit):
            main(["--version"])
        self.assertEqual(out.getvalue(), f"fedstep {__version__}\n")

    def test_a_refusal_is_a_line_and_a_status(self) -> None:
        said = self.run_command("pull", "none-such", status=1)
        self.assertEqual(said, "fedstep: 404 model-not-found: There is no model 'none-such'.\n")


if __name__ == "__main__":
    unittest.main()
