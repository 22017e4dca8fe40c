"""The training loop where something is not as it should be."""

from __future__ import annotations

import unittest
from typing import Any
from unittest import mock

import numpy as np
from scripted import Scripted, ScriptedTest, refuse, reply
from support import ServerTest, client, eventually, in_thread, logged

from fedstep import FedstepError, Problem, Update, training
from fedstep.metrics import Metrics
from fedstep.tensors import Arrays

W = {"w": np.zeros(3, np.float32)}
ONE = Update({"w": np.ones(3, np.float32)})
SGD = {"lrate": 1.0, "modules": []}


class MetricsTest(unittest.TestCase):
    def test_what_is_a_number_is_taken(self) -> None:
        given = {"a": np.float32(0.5), "b": np.array(2), "c": 3, "val/dice": 1, "Größe": 1.5}
        given |= {"top 5": True}
        taken = {"a": 0.5, "b": 2.0, "c": 3.0, "val/dice": 1.0, "Größe": 1.5, "top 5": 1.0}
        self.assertEqual(Metrics().accepted(given), taken)

    def test_the_rest_is_left_out_with_one_warning_by_name(self) -> None:
        given: dict[str, Any] = {"auc": float("nan"), "none": None, "text": "0.5", "inf": np.inf}
        given |= {"list": [1, 2], "": 1, " x": 1, "a\nb": 1, "x" * 129: 1, "good": 1}
        metrics = Metrics()
        with logged() as lines:
            for _ in range(2):
                self.assertEqual(metrics.accepted(given), {"good": 1.0})
        self.assertEqual(len(lines), 9)
        self.assertIn("'auc'", lines[0])

    def test_there_are_at_most_128(self) -> None:
        with logged() as lines:
            self.assertEqual(len(Metrics().accepted({f"m{i}": i for i in range(200)})), 128)
        self.assertEqual(len(lines), 72)


class SubmitTest(ScriptedTest):
    def test_a_metric_never_costs_an_update(self) -> None:
        server = Scripted(refuse(422, "bad-metric"), reply(201, {"updates": 1}))
        with logged() as lines:
            receipt = self.client(server).submit("m", 0, W, metrics={"val/dice 2": 0.5})
        self.assertEqual(receipt, {"updates": 1})
        address = "PUT /v1/models/m/rounds/0/updates/alice?weight=1.0"
        named = address + "&metric.val%2Fdice%202=0.5"
        self.assertEqual(server.requests, [named, address])
        self.assertIn("'val/dice 2'", lines[0])


class LoopTest(ServerTest):
    def setUp(self) -> None:
        super().setUp()
        patch = mock.patch.object(training, "RETURN_SECONDS", 0.01)
        patch.start()
        self.addCleanup(patch.stop)

    def create(self, **policy: Any) -> None:
        self.admin.create(self.model, W, optimizer=SGD, round=policy)

    def test_another_process_of_the_same_id_is_an_error(self) -> None:
        self.create(min_updates=2)

        def step(weights: Arrays, round: int) -> Update:
            client("site").submit(self.model, round, W)
            return ONE

        with self.assertRaisesRegex(FedstepError, "another process sends as 'site'"):
            client("site").train(self.model, step)

    def test_without_an_id_of_ones_own_nothing_is_trained(self) -> None:
        self.create()
        for wrong in (None, "", "alice@hospital"):
            with self.assertRaisesRegex(ValueError, "client_id"):
                client(wrong).train(self.model, self.fail)

    def test_an_update_of_weight_0_sits_the_round_out(self) -> None:
        self.create()

        def step(weights: Arrays, round: int) -> Update:
            if round == 0:
                client("bob").submit(self.model, 0, W)
                return Update(W, weight=0)
            return ONE

        self.assertEqual(client("alice").train(self.model, step, rounds=1).version, 2)

    def test_a_step_that_returns_something_else_is_told_what_to(self) -> None:
        self.create()
        for wrong in (W, (W, 3)):
            with self.assertRaisesRegex(TypeError, "Update.from_weights"):
                client("alice").train(self.model, lambda w, r, wrong=wrong: wrong)

    def test_a_model_that_is_not_there_yet_is_waited_for(self) -> None:
        with logged() as lines:
            join = in_thread(lambda: client("alice").train(self.model, lambda w, r: ONE, rounds=1))
            eventually(lambda: lines)
            self.create()
            join()
        self.assertEqual([line for line in lines if "there is no model" in line], lines[:1])
        with self.assertRaisesRegex(Problem, "model-not-found"):
            client("alice", timeout=0).train("none-such", lambda w, r: ONE)

    def test_a_model_that_is_made_again_is_trained(self) -> None:
        self.create()

        trained: list[int] = []

        def step(weights: Arrays, round: int) -> Update:
            trained.append(round)
            if trained == [0, 1]:
                self.admin.delete(self.model)
                self.create(rounds=3)
            return ONE

        self.assertEqual(client("alice").train(self.model, step).version, 3)

    def test_who_stays_waits_for_a_start(self) -> None:
        self.create(rounds=1)

        def step(weights: Arrays, round: int) -> Update:
            return ONE

        with logged() as lines:
            join = in_thread(lambda: client("alice").train(self.model, step, rounds=3, stay=True))
            eventually(lambda: any("waiting for its start" in line for line in lines))
            self.admin.set_round(self.model, {"rounds": 3})
            self.admin.start(self.model)
            join()
        self.assertEqual(self.until(3).version, 3)

    def test_a_start_with_an_update_in_the_round_asks_for_no_other(self) -> None:
        self.create(min_updates=2)
        alice = client("alice")
        with mock.patch.object(alice, "wait", wraps=alice.wait) as wait:
            join = in_thread(lambda: alice.train(self.model, lambda w, r: ONE, rounds=2, stay=True))
            eventually(lambda: wait.called)
            self.admin.stop(self.model)
            self.admin.start(self.model)
            for number in range(2):
                client("bob").submit(self.model, number, W)
                self.until(number + 1)
            join()

    def test_the_server_is_told_of_a_step_that_fails(self) -> None:
        self.create()

        def step(weights: Arrays, round: int) -> Update:
            raise KeyError("patient 7")

        for explain in (False, True):
            alice = client("alice")
            with (
                mock.patch.object(alice, "tell_failure", wraps=alice.tell_failure) as told,
                self.assertRaises(KeyError),
            ):
                alice.train(self.model, step, explain=explain)
            detail = "'patient 7'" if explain else None
            told.assert_called_once_with(self.model, 0, KeyError, detail)

    def test_who_waits_says_how_many_updates_there_are(self) -> None:
        self.create(min_updates=3)
        client("bob").submit(self.model, 0, W)
        with mock.patch.object(training, "LONGEST_HOLD_SECONDS", 0.05), logged() as lines:
            join = in_thread(lambda: client("alice").train(self.model, lambda w, r: ONE, rounds=1))
            eventually(lambda: any("2 of 3 updates" in line for line in lines))
            client("carol").submit(self.model, 0, W)
            join()
        self.assertEqual(lines.count("round 0: 2 of 3 updates"), 1)

    def test_each_version_is_evaluated_the_last_one_too(self) -> None:
        self.create(rounds=2)
        order: list[str] = []

        def step(weights: Arrays, round: int) -> Update:
            order.append(f"step {round}")
            return ONE

        def evaluate(weights: Arrays, version: int) -> tuple[dict[str, float], float]:
            order.append(f"evaluate {version}")
            return {"sum": float(weights["w"].sum())}, 5

        client("alice").train(self.model, step, evaluate=evaluate)
        told = ["evaluate 0", "step 0", "evaluate 1", "step 1", "evaluate 2"]
        self.assertEqual(order, told)
        means = [version["metrics"] for version in self.admin.versions(self.model)]
        self.assertEqual(means, [{"sum": -6.0}, {"sum": -3.0}, {"sum": 0.0}])

    def test_creating_again_with_other_settings_tells_them(self) -> None:
        arrays = W | {"steps": np.array(3)}
        with logged() as lines:
            self.admin.create(self.model, arrays, optimizer=SGD)
            self.admin.set_round(self.model, {"min_updates": 3})
            made = self.admin.create(self.model, arrays, optimizer=SGD, round={"min_updates": 2})
        self.assertEqual(made["round"]["min_updates"], 3)
        self.assertIn("'steps'", lines[0])
        self.assertRegex(lines[-1], "is there already, with other .*round")
        for arrays in ({"w": np.zeros(4, np.float32)}, {"w": np.zeros(3)}):
            with self.assertRaisesRegex(Problem, "model-exists"):
                self.admin.create(self.model, arrays)


class FailureTest(ScriptedTest):
    def test_the_servers_word_for_a_failure(self) -> None:
        server = Scripted(reply(204, {}), refuse(404, "not-found"))
        self.client(server).tell_failure("m", 3, ValueError)
        self.assertEqual(server.requests, ["PUT /v1/models/m/rounds/3/failures/alice"])


if __name__ == "__main__":
    unittest.main()
