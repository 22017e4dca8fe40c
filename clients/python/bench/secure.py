"""Times rounds of secure models and of plain ones, in turns, and prints medians and their ratio.

    python clients/python/bench/secure.py http://127.0.0.1:8080 [CLIENTS [PARAMETERS]]

Each client is a process that gives the same update every time. The models ``secure-bench`` and
``plain-bench`` are made on that server and removed at the end.
"""

from __future__ import annotations

import itertools
import multiprocessing
import statistics
import sys
from datetime import datetime

import numpy as np

from fedstep import Client, FedstepError, Update
from fedstep.tensors import Arrays

ROUNDS = 6
"""Of a turn; the first warms up."""
TURNS = 3


def main(url: str, clients: int = 10, parameters: int = 1_000_000) -> None:
    seconds: dict[str, list[float]] = {"plain": [], "secure": []}
    for _ in range(TURNS):
        for kind in seconds:
            seconds[kind] += turn(url, kind, clients, parameters)
    for kind, times in seconds.items():
        print(f"{kind}: {statistics.median(times):.3f} s a round, {min(times):.3f} at best")
    ratio = statistics.median(seconds["secure"]) / statistics.median(seconds["plain"])
    print(f"{clients} clients, {parameters} parameters: {ratio:.2f} times a plain round")


def turn(url: str, kind: str, clients: int, parameters: int) -> list[float]:
    """The seconds from one round's opening to the next one's."""
    admin, model = Client(url, progress=False), f"{kind}-bench"
    try:
        admin.create(
            model,
            {"w": np.zeros(parameters, np.float32)},
            round={"min_updates": clients, "timeout": "10m", "rounds": ROUNDS},
            secure={"clip": 8.0} if kind == "secure" else None,
        )
        work = [
            multiprocessing.Process(target=train, args=(url, model, f"site-{i}", parameters))
            for i in range(clients)
        ]
        for process in work:
            process.start()
        for process in work:
            process.join()
        opened = [
            datetime.fromisoformat(one["opened_at"].replace("Z", "+00:00"))
            for one in admin.rounds(model)
        ][::-1]
        return [(b - a).total_seconds() for a, b in itertools.pairwise(opened[1:])]
    finally:
        try:
            admin.delete(model)
        except FedstepError as error:
            print(error, file=sys.stderr)


def train(url: str, model: str, name: str, parameters: int) -> None:
    update = Update({"w": np.linspace(-1, 1, parameters, dtype=np.float32)})

    def step(weights: Arrays, round: int) -> Update:
        return update

    Client(url, client_id=name, progress=False).train(model, step)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
