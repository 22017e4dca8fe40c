"""A server that is killed and started again while clients train, with credentials."""

from __future__ import annotations

import hashlib
import json
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path

import numpy as np
from support import Server, in_thread

from fedstep import Client, Problem, Update
from fedstep.tensors import Arrays

ROUNDS = 30
KILLED_AT = 10
WANTED = {"alice": 1.0, "bob": 3.0}


def credentials(folder: str) -> Path:
    """A tokens file in which everybody's token is his name twice."""
    tokens = [{"id": "operator", "role": "admin"}] + [{"id": n, "role": "client"} for n in WANTED]
    for token in tokens:
        token["sha256"] = hashlib.sha256((token["id"] * 2).encode()).hexdigest()
    file = Path(folder) / "tokens.json"
    file.write_text(json.dumps({"tokens": [token | {"models": ["*"]} for token in tokens]}))
    return file


class RestartTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.server = Server(f"--fedstep.security.tokens-file={credentials(folder.name)}")
        self.addCleanup(self.server.remove)

    def client(self, name: str) -> Client:
        return Client(self.server.url, name * 2, client_id=name, progress=False)

    def test_training_goes_on_after_a_kill_as_if_nothing_had_been(self) -> None:
        operator = self.client("operator")
        with self.assertRaises(Problem) as raised:
            Client(self.server.url, "a guess").models()
        self.assertEqual(raised.exception.code, "unauthorized")
        policy = {"min_updates": 2, "rounds": ROUNDS}
        optimizer = {"lrate": 0.125, "modules": []}
        operator.create("m", {"w": np.zeros(3)}, optimizer=optimizer, round=policy)

        restarts: list[Callable[[], None]] = []

        def take_part(name: str) -> None:
            def step(weights: Arrays, round: int) -> Update:
                if name == "bob" and round == KILLED_AT:
                    self.server.kill()  # with alice's update in the round, or on its way
                    restarts.append(in_thread(self.server.start))
                return Update({"w": weights["w"] - WANTED[name]})

            self.assertEqual(self.client(name).train("m", step).version, ROUNDS)

        for join in [in_thread(lambda name=name: take_part(name)) for name in WANTED]:  # type: ignore[misc]
            join()
        restarts[0]()
        wanted = np.zeros(3)
        for _ in range(ROUNDS):
            wanted -= 0.125 * (wanted - 2.0)
        np.testing.assert_allclose(operator.weights("m").arrays["w"], wanted, rtol=1e-14)
        for number in range(ROUNDS):
            clients = [update["client"] for update in operator.round("m", number)["clients"]]
            self.assertEqual(clients, ["alice", "bob"])


if __name__ == "__main__":
    unittest.main()
