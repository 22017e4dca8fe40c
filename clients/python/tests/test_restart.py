"""A server that is killed and started again while clients train."""

from __future__ import annotations

import unittest
from collections.abc import Callable

import numpy as np
from support import START_SECONDS, client, in_thread, shared_server

from fedstep import Update
from fedstep.tensors import Arrays

ROUNDS = 20
KILLED_AT = 10
WANTED = {"alice": 1.0, "bob": 3.0}


class RestartTest(unittest.TestCase):
    def test_training_goes_on_after_a_kill_as_if_nothing_had_been(self) -> None:
        server = shared_server()
        admin = client()
        policy = {"min_updates": 2, "rounds": ROUNDS}
        optimizer = {"lrate": 0.125, "modules": []}
        admin.create("restarted", {"w": np.zeros(3)}, optimizer=optimizer, round=policy)

        completed: list[int] = []
        events = admin.events("restarted")
        self.assertEqual(next(events).name, "round-opened")

        def follow() -> None:
            while len(completed) < ROUNDS:
                event = next(events)
                if event.name == "round-completed":
                    completed.append(event.data["round"])

        followed = in_thread(follow)
        restarts: list[Callable[[], None]] = []

        def take_part(name: str) -> None:
            def step(weights: Arrays, round: int) -> Update:
                if name == "bob" and round == KILLED_AT:
                    server.kill()  # with alice's update in the round, or on its way
                    restarts.append(in_thread(server.start))
                return Update({"w": weights["w"] - WANTED[name]})

            trainer = client(name, timeout=START_SECONDS)
            self.assertEqual(trainer.train("restarted", step).version, ROUNDS)

        for join in [in_thread(lambda name=name: take_part(name)) for name in WANTED]:  # type: ignore[misc]
            join()
        restarts[0]()
        followed()
        self.assertEqual(completed, list(range(ROUNDS)))
        wanted = np.zeros(3)
        for _ in range(ROUNDS):
            wanted -= 0.125 * (wanted - 2.0)
        np.testing.assert_allclose(admin.weights("restarted").arrays["w"], wanted, rtol=1e-14)
        for number in range(ROUNDS):
            clients = [update["client"] for update in admin.round("restarted", number)["clients"]]
            self.assertEqual(clients, ["alice", "bob"])
        admin.delete("restarted")


if __name__ == "__main__":
    unittest.main()
