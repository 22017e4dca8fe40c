"""What a private model has spent, what a plan would cost, and the end of a client's budget."""

from __future__ import annotations

import contextlib
import hashlib
import io
import unittest
from typing import Any

import numpy as np
from scripted import Scripted, ScriptedTest, reply
from support import Server, ServerTest, client, shared_server

from fedstep import Client, Problem, Update
from fedstep.__main__ import _line, main
from fedstep.events import Event
from fedstep.training import Training

ONE = Update({"w": np.ones(3, np.float32)})
PRIVATE: dict[str, Any] = {
    "optimizer": {"lrate": 1.0, "modules": []},
    "aggregator": ["averaging", {"steps_weighted": False}],
}
TWO_ROUNDS = {"clip_norm": 1.0, "noise_multiplier": 1.2, "epsilon": 6, "delta": 1e-5}


def said(*arguments: str, status: int = 0) -> str:
    """What a command prints."""
    with (
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(out),
    ):
        assert main(["--url", shared_server().url, *arguments]) == status
    return out.getvalue().strip()


class PrivacyTest(ServerTest):
    def create(self, privacy: dict[str, Any], **round: Any) -> None:
        arrays = {"w": np.zeros(3, np.float32)}
        self.admin.create(self.model, arrays, **PRIVATE, privacy=privacy, round=round)

    def test_what_was_spent_is_told_of_all_and_of_one(self) -> None:
        self.create(TWO_ROUNDS, min_updates=1)
        client("alice").submit(self.model, 0, ONE.gradient)
        self.until(1)
        spent = self.admin.privacy(self.model)
        self.assertAlmostEqual(spent["epsilon"], 3.5487, 4)
        self.assertEqual((spent["budget"], spent["rounds"], spent["rounds_left"]), (6, 1, 1))
        self.assertEqual(self.admin.privacy(self.model, "alice"), spent)
        self.assertEqual(self.admin.privacy(self.model, "bob")["epsilon"], 0)
        self.assertEqual(
            said("privacy", self.model),
            "epsilon 3.549 of 6 at delta 1e-05, 1 rounds paid for, 1 left",
        )
        self.assertIn("epsilon 0 of 6", said("privacy", self.model, "--client", "bob"))

    def test_without_a_budget_no_round_is_left_over(self) -> None:
        self.create({"clip_norm": 1.0, "noise_multiplier": 3, "delta": 1e-5})
        self.assertEqual(said("privacy", self.model), "epsilon 0 at delta 1e-05, 0 rounds paid for")

    def test_a_client_trains_until_its_budget_is_spent(self) -> None:
        self.create(TWO_ROUNDS, min_updates=1)
        client("bob").submit(self.model, 0, ONE.gradient)  # who could be in another round
        self.until(1)
        weights = client("alice").train(self.model, lambda w, r: ONE)
        self.assertEqual((weights.version, weights.phase), (3, None))
        with self.assertRaisesRegex(Problem, "budget-spent"):
            client("alice").submit(self.model, 3, ONE.gradient)

    def test_a_client_that_stays_returns_once_its_budget_is_spent(self) -> None:
        self.create(TWO_ROUNDS, min_updates=1)
        weights = client("alice").train(self.model, lambda w, r: ONE, stay=True)
        self.assertEqual((weights.version, weights.phase), (2, "stopped"))

    def test_a_client_with_a_budget_of_its_own_does_not_stay_where_all_others_spent_theirs(
        self,
    ) -> None:
        self.create(TWO_ROUNDS, min_updates=1)
        client("alice").train(self.model, lambda w, r: ONE)
        with self.assertLogs("fedstep", "WARNING") as told:
            weights = client("new").train(self.model, lambda w, r: ONE, stay=True)
        self.assertEqual((weights.version, weights.phase), (2, "stopped"))
        self.assertIn(f"the budget of '{self.model}' is spent", told.output[-1])

    def test_a_plan_is_priced(self) -> None:
        plan = self.admin.privacy_plan(10_000, 1e-5, noise_multiplier=4, participation=0.01)
        self.assertAlmostEqual(plan["epsilon"], 1.0355, 4)
        least = self.admin.privacy_plan(22, 1.2e-7, epsilon=4.9)
        self.assertEqual(least["noise_multiplier"], 5.05)
        self.assertRegex(
            said("privacy", "plan", "--rounds", "22", "--delta", "1.2e-7", "--epsilon", "4.9"),
            r"epsilon 4\.8\d+ at delta 1\.2e-07 for 22 rounds with noise_multiplier 5\.05",
        )

    def test_what_is_wrong_in_a_plan_is_said(self) -> None:
        self.assertIn("--rounds", said("privacy", "plan", "--epsilon", "4", status=1))
        self.assertIn("privacy plan", said("privacy", "m", "--epsilon", "4", status=1))
        with self.assertRaisesRegex(Problem, "malformed"):
            self.admin.privacy_plan(3, 1e-5, noise_multiplier=1, epsilon=1)
        self.admin.create(self.model, {"w": np.zeros(3, np.float32)})
        with self.assertRaisesRegex(Problem, "not-found"):
            self.admin.privacy(self.model)


class DrawnTest(unittest.TestCase):
    """A private model that draws the clients of a round, of which a client is not told much."""

    def test_clients_train_to_the_end(self) -> None:
        options = []
        for number, role in enumerate(("admin", "client")):
            digest = hashlib.sha256(role.encode()).hexdigest()
            of = {"id": role, "sha256": digest, "role": role, "models": "*"}
            options += [
                f"--fedstep.security.tokens[{number}].{key}={value}" for key, value in of.items()
            ]
        server = Server(*options)
        self.addCleanup(server.remove)
        admin = Client(server.url, "admin", timeout=60)
        admin.create(
            "drawn",
            {"w": np.zeros(3, np.float32)},
            **PRIVATE,
            privacy={**TWO_ROUNDS, "epsilon": None, "expected_updates": 1},
            round={"participation": 0.5, "max_updates": 2, "timeout": "1s", "rounds": 3},
        )
        with Client(server.url, "client", client_id="client", timeout=60) as phone:
            weights = phone.train("drawn", lambda w, r: ONE)
            self.assertEqual((weights.version, weights.phase), (3, "stopped"))
            self.assertIsNone(phone.round("drawn")["updates"])
            spent = phone.privacy("drawn")
            self.assertEqual((spent["rounds"], spent["rounds_left"]), (3, None))
            self.assertEqual(phone.privacy("drawn", "client")["epsilon"], spent["epsilon"])
        self.assertEqual(admin.round("drawn", 2)["privacy"]["participation"], 0.5)


class HiddenTest(ScriptedTest):
    """A client is not told how many updates a private round has that draws its clients."""

    def test_progress_is_not_told(self) -> None:
        server = Scripted(reply(200, {}))
        training = Training(
            self.client(server),
            "m",
            lambda w, r: None,
            evaluate=None,
            stay=False,
            explain=False,
            secure=self.fail,
        )
        hidden = {"round": 3, "updates": None, "min_updates": 1, "max_updates": 9, "failed": None}
        training._tell_progress(hidden)

    def test_rounds_are_followed(self) -> None:
        data: dict[str, Any] = {"round": 3, "updates": None, "max_updates": 9, "min_updates": 1}
        ended = {**data, "outcome": "completed", "closed_by": "deadline", "metrics": {}}
        for name, told, line in (
            ("round-opened", data, "round 3: opened"),
            ("update-accepted", data, "round 3: update accepted"),
            ("deadline-passed", data, "round 3: deadline passed"),
            ("round-completed", ended, "round 3: completed by deadline"),
            (
                "training-stopped",
                {**data, "reason": "budget-spent"},
                "round 3: training stopped: budget-spent",
            ),
        ):
            self.assertEqual(_line(Event(name, "", told)), line)


if __name__ == "__main__":
    unittest.main()
