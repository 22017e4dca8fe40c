"""What an operator does: with models that are made, changed, named and removed."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

import numpy as np
from scripted import Scripted, ScriptedTest, refuse, reply, vanish
from support import ServerTest, client, in_thread, shared_server

from fedstep import FedstepError, Problem, Update
from fedstep.__main__ import main
from fedstep.tensors import Arrays

W = {"w": np.arange(3, dtype=np.float32)}
ONE = Update({"w": np.ones(3, np.float32)})
SGD = {"lrate": 1.0, "modules": []}
M = "/v1/models/m"


class RequestsTest(ScriptedTest):
    def test_first_weights_are_waited_for_with_held_requests(self) -> None:
        none = refuse(503, "no-weights", "Retry-After: 1")
        server = Scripted(
            none,
            reply(200, {"phase": "awaiting-weights"}),
            none,
            reply(200, {"phase": "stopped"}),
        )
        with self.assertRaisesRegex(FedstepError, "stopped before it had any weights"):
            self.client(server, timeout=0).train("m", lambda w, r: None)
        held, looked = f"GET {M}/weights?wait=30000ms", f"GET {M}/rounds/current?client=alice"
        self.assertEqual(server.requests, [held, looked, held, looked])

    def asked(self, ask: Any, document: object = None, *more: Any) -> list[str]:
        server = Scripted(reply(200, document or {}), *more)
        ask(self.client(server))
        return server.requests

    def test_versions_are_found_by_their_tags(self) -> None:
        self.assertEqual(
            self.asked(lambda c: c.optimizer_state("m", "best")),
            [f"GET {M}/versions/best/optimizer/state"],
        )
        tags = {"tags": [{"tag": "good", "version": 5}]}
        self.assertEqual(self.asked(lambda c: c.tags("m"), tags), [f"GET {M}/tags"])
        self.assertEqual(self.asked(lambda c: c.tag("m", "good", 5)), [f"PUT {M}/tags/good"])

    def test_what_is_taken_away_with_its_answer_is_gone(self) -> None:
        gone = Scripted(vanish, refuse(404, "tag-not-found"), refuse(404, "tag-not-found"))
        shared = self.client(gone)
        shared.untag("m", "good")
        with self.assertRaises(Problem):
            shared.untag("m", "good")
        back = Scripted(vanish, refuse(409, "model-exists"), reply(200, {"model": "m"}))
        self.assertEqual(self.client(back).undelete("m"), {"model": "m"})
        self.assertEqual(back.requests[-1], f"GET {M}")

    def test_settings_have_addresses(self) -> None:
        for ask, address in (
            (lambda c: c.set_keep_best("m", {"metric": "accuracy"}), f"PUT {M}/keep-best"),
            (lambda c: c.set_update_bound("m", None), f"PUT {M}/update-bound"),
            (lambda c: c.set_aggregator("m", "median"), f"PUT {M}/aggregator"),
            (lambda c: c.copy("n", "m", "best", round={}), "PUT /v1/models/n"),
            (lambda c: c.deleted(), "GET /v1/deleted"),
            (lambda c: c.failures("m", 3), f"GET {M}/rounds/3/failures"),
        ):
            document: dict[str, Any] = {"deleted": [], "failures": []}
            self.assertEqual(self.asked(ask, document), [address])

    def test_the_command_line_has_them(self) -> None:
        for command, document, printed in (
            ("tag m good 5", {"tag": "good", "version": 5}, '{"tag": "good", "version": 5}'),
            ("tags m", {"tags": [{"tag": "a"}, {"tag": "b"}]}, '{"tag": "a"}\n{"tag": "b"}'),
            ("untag m good", {}, ""),
            ("keep-best m null", {}, ""),
            ("undelete m", {"version": 7}, "7"),
            ("copy n m --version best", {"from": {"version": 5}}, '{"version": 5}'),
        ):
            server = Scripted(reply(200, document))
            self.assertEqual(said(["--url", server.url, *command.split()]), printed)


def said(arguments: list[str]) -> str:
    """What a command prints."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(arguments) == 0
    return out.getvalue().strip()


class OperateTest(ServerTest):
    def create(self, arrays: Arrays = W, **more: Any) -> Any:
        return self.admin.create(self.model, arrays, optimizer=SGD, **more)

    def command(self, *arguments: str) -> str:
        return said(["--url", shared_server().url, *arguments])

    def test_nobody_trains_before_the_first_weights(self) -> None:
        spec = {"tensors": {"w": [3]}, "optimizer": SGD, "weights": "required"}
        self.admin._put(f"/v1/models/{self.model}", spec)
        seen: list[list[float]] = []

        def step(weights: Arrays, round: int) -> Update:
            seen.append(weights["w"].tolist())
            return ONE

        join = in_thread(lambda: client("alice").train(self.model, step, rounds=1))
        self.assertEqual(self.admin.model(self.model)["phase"], "awaiting-weights")
        self.create()
        join()
        self.assertEqual(seen, [[0, 1, 2]])

    def test_a_model_that_began_with_other_weights_is_refused(self) -> None:
        self.create()
        self.create()
        other = {"w": np.ones(3, np.float32)}
        with self.assertRaisesRegex(Problem, "already-started"):
            self.create(other)
        client("alice").train(self.model, lambda w, r: ONE, rounds=1)
        self.assertEqual(self.create()["version"], 1)
        with self.assertRaisesRegex(Problem, "already-started"):
            self.create(other)

    def test_zeros_are_known_where_training_began_with_them(self) -> None:
        self.admin._put(f"/v1/models/{self.model}", {"tensors": {"w": [3]}, "optimizer": SGD})
        client("alice").train(self.model, lambda w, r: ONE, rounds=1)
        with self.assertRaisesRegex(Problem, "already-started"):
            self.create()
        self.create({"w": np.zeros(3, np.float32)})

    def test_a_step_that_asks_for_metadata_has_them(self) -> None:
        self.create(metadata={"local_epochs": 2, "classes": ["a", "b"]})
        known: list[Any] = []

        def step(weights: Arrays, round: int, metadata: dict[str, Any]) -> Update:
            known.append(metadata["local_epochs"])
            self.admin.set_metadata(self.model, {"local_epochs": 3})
            return ONE

        def evaluate(weights: Arrays, version: int, metadata: dict[str, Any]) -> None:
            known.append(len(metadata))

        client("alice").train(self.model, step, rounds=2, evaluate=evaluate)
        self.assertEqual(known, [2, 2, 1, 3, 1])

    def test_rule_and_bound_change(self) -> None:
        self.create()
        self.assertEqual(self.admin.set_aggregator(self.model, "median")["aggregator"][0], "median")
        bound = self.admin.set_update_bound(self.model, {"max_weight": 10})["update_bound"]
        self.assertEqual(bound["max_weight"], 10)
        self.assertNotIn("update_bound", self.admin.set_update_bound(self.model, None))

    def test_the_command_line_changes_a_model(self) -> None:
        self.create(round={"min_updates": 2})
        self.assertIn("median", self.command("aggregator", self.model, "median"))
        bound = json.loads(self.command("update-bound", self.model, '{"max_norm": 3}'))
        self.assertEqual(bound["max_norm"], 3)
        self.assertEqual(self.command("update-bound", self.model, "null"), "")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "metadata.json"
            file.write_text('{"lr": 0.10}')
            self.assertEqual(self.command("metadata", self.model, str(file)), '{"lr": 0.1}')
        self.assertEqual(self.command("metadata", self.model), '{"lr": 0.1}')
        self.assertEqual(self.command("stop", self.model), "stopped")
        self.assertEqual(self.command("start", self.model), "collecting")
        policy = json.loads(self.command("round-policy", self.model, '{"min_updates": 3}'))
        self.assertEqual(policy["min_updates"], 3)

    def test_the_command_line_names_versions(self) -> None:
        self.create()
        client("alice").train(self.model, lambda w, r: ONE, rounds=1)
        tagged = json.loads(self.command("tag", self.model, "good", "0"))
        self.assertEqual((tagged["tag"], tagged["version"]), ("good", 0))
        self.assertEqual(json.loads(self.command("tags", self.model))["tag"], "good")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "good.safetensors"
            pulled = self.command("pull", self.model, "--version", "good", "-o", str(file))
        self.assertIn(f"version 0 of {self.model}", pulled)
        self.command("untag", self.model, "good")
        self.assertEqual(self.command("tags", self.model), "")

    def test_the_command_line_has_the_best_version_kept(self) -> None:
        self.create()
        kept = json.loads(self.command("keep-best", self.model, '{"metric": "accuracy"}'))
        self.assertEqual((kept["metric"], kept["mode"]), ("accuracy", "max"))
        lab = client("lab")
        for number, accuracy in ((0, 0.5), (1, 0.9), (2, 0.7)):
            client("alice").submit(self.model, number, ONE.gradient)
            self.until(number + 1)
            lab.report(self.model, number, {"accuracy": accuracy})
        self.assertEqual(self.command("stop", self.model), "stopped")  # all are compared
        self.assertEqual(self.admin.weights(self.model, "best").version, 1)
        with self.assertRaisesRegex(Problem, "tag-reserved"):
            self.admin.tag(self.model, "best", 0)
        self.assertEqual(self.command("keep-best", self.model, "null"), "")
        self.assertEqual(json.loads(self.command("tags", self.model))["tag"], "best")

    def test_the_command_line_copies_a_model(self) -> None:
        self.create(metadata={"site": "a"})
        client("alice").train(self.model, lambda w, r: ONE, rounds=1)
        self.admin.tag(self.model, "good", 0)
        copy = f"{self.model}-copy"
        self.addCleanup(self.admin.delete, copy)
        source = json.loads(self.command("copy", copy, self.model, "--version", "good"))
        self.assertEqual((source["model"], source["version"]), (self.model, 0))
        self.assertEqual(self.admin.weights(copy).arrays["w"].tolist(), [0, 1, 2])
        self.assertEqual(self.admin.model(copy)["metadata"], {"site": "a"})
        self.admin.copy(copy, self.model, "good")  # as it came: as good
        with self.assertRaisesRegex(Problem, "version-not-found"):
            self.admin.copy(f"{copy}-2", self.model, "none")

    def test_the_command_line_has_a_deleted_model_back(self) -> None:
        self.create()
        self.command("delete", self.model)
        with self.assertRaisesRegex(Problem, "model-not-found"):
            self.admin.model(self.model)
        lines = map(json.loads, self.command("deleted").splitlines())
        self.assertIn((self.model, 0), [(one["model"], one["version"]) for one in lines])
        self.assertEqual(self.command("undelete", self.model), "0")
        self.assertEqual(self.admin.weights(self.model).arrays["w"].tolist(), [0, 1, 2])

    def test_who_failed_is_told(self) -> None:
        self.create()
        client("bob").tell_failure(self.model, 0, KeyError, "patient 7")
        told = self.admin.failures(self.model)
        self.assertEqual([(one["client"], one["error"]) for one in told], [("bob", "KeyError")])
        self.assertIn("patient 7", self.command("failures", self.model))


if __name__ == "__main__":
    unittest.main()
