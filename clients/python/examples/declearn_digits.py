"""declearn trains, fedstep aggregates: three clients with declearn's ``Model`` and ``Optimizer``.
At the end a declearn optimizer goes on from the server's state, and the server from declearn's.

    python clients/python/examples/declearn_digits.py --url http://127.0.0.1:8080
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import digits
import numpy as np
import torch
from declearn.model.torch import TorchModel
from declearn.optimizer import Optimizer

from fedstep import Client, Problem
from fedstep.declearn_client import dump_state, load_state, local_step, set_weights, weights_of

MODEL = "digits-declearn"
CLIENTS = 3
BATCH = 32


def model() -> TorchModel:
    """A linear classifier of digits."""
    return TorchModel(
        torch.nn.Linear(digits.PIXELS, digits.DIGITS), torch.nn.CrossEntropyLoss(reduction="none")
    )


def take_part(url: str, number: int) -> None:
    """A client that trains an epoch in each round, until training stops."""
    images = digits.share(digits.read()[0], number, CLIENTS)
    random = np.random.default_rng(number)

    def batches(round: int) -> Iterator[Any]:
        order = random.permutation(len(images.values))
        for begin in range(0, len(order), BATCH):
            some = order[begin : begin + BATCH]
            yield images.pixels[some], images.values[some], None

    step = local_step(model(), Optimizer(lrate=0.02), batches)
    with Client(url, client_id=f"client-{number}") as client:
        client.train(MODEL, step)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()

    config = Optimizer(lrate=0.5, modules=["momentum"]).get_config()
    trained = model()
    with Client(options.url) as client:
        with contextlib.suppress(Problem):
            client.delete(MODEL)
        policy = {"min_updates": CLIENTS, "rounds": options.rounds}
        client.create(MODEL, weights_of(trained), optimizer=config, round=policy)
        with ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(take_part, [options.url] * CLIENTS, range(CLIENTS)))
        set_weights(trained, client.weights(MODEL).arrays)
        for record in reversed(client.rounds(MODEL)):
            print(f"round {record['round']}: loss {record['metrics']['loss']:.3f}")

        state = client.optimizer_state(MODEL)
        optimizer = Optimizer.from_config(client.optimizer(MODEL))
        load_state(optimizer, state)
        assert dump_state(optimizer) == state
        print(f"declearn goes on from the server's state of {len(state)} bytes")
        made = client.set_optimizer_state(MODEL, dump_state(optimizer))
        assert client.optimizer_state(MODEL) == state
        print(f"version {made['version']} of the server has declearn's")
    test = digits.read()[1]
    _, scores, _ = trained.compute_batch_predictions((test.pixels, test.values, None))
    print(f"accuracy {(scores.argmax(1) == test.values).mean():.3f}")


if __name__ == "__main__":
    main()
