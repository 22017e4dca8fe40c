"""The clients of a Flower app under fedstep: three of them, whose ``fit`` our loop calls.

python clients/python/examples/flower_digits.py --url http://127.0.0.1:8080
"""

from __future__ import annotations

import argparse
import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import digits
import numpy as np
from cross_silo import accuracy, epoch, loss
from flwr.client import NumPyClient

from fedstep import Client, Problem
from fedstep.flower_client import local_step
from fedstep.tensors import Array, Arrays

MODEL = "digits-flower"
CLIENTS = 3
NAMES = ("coef", "intercept")


class DigitsClient(NumPyClient):  # type: ignore[misc]
    """Written for Flower; nothing in it knows fedstep."""

    def __init__(self, images: digits.Images) -> None:
        self.images = images

    def get_parameters(self, config: dict[str, Any]) -> list[Array]:
        shape = (digits.DIGITS, digits.PIXELS)
        return [np.zeros(shape, np.float32), np.zeros(digits.DIGITS, np.float32)]

    def fit(
        self, parameters: list[Array], config: dict[str, Any]
    ) -> tuple[list[Array], int, dict[str, Any]]:
        before: Arrays = dict(zip(NAMES, parameters, strict=True))
        after = epoch(before, self.images, seed=config["server_round"])
        metrics = {"loss": loss(before, self.images)}
        return list(after.values()), len(self.images.values), metrics

    def evaluate(
        self, parameters: list[Array], config: dict[str, Any]
    ) -> tuple[float, int, dict[str, Any]]:
        weights: Arrays = dict(zip(NAMES, parameters, strict=True))
        measured = {"accuracy": float(accuracy(weights, self.images))}
        return loss(weights, self.images), len(self.images.values), measured


def take_part(url: str, number: int) -> None:
    """A client, until training stops."""
    app = DigitsClient(digits.share(digits.read()[0], number, CLIENTS))
    with Client(url, client_id=f"client-{number}") as client:
        step = local_step(app)
        client.train(MODEL, step, evaluate=step.evaluate)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()

    train, test = digits.read()
    first = DigitsClient(train).get_parameters({})
    with Client(options.url) as client:
        with contextlib.suppress(Problem):
            client.delete(MODEL)
        client.create(
            MODEL,
            dict(zip(NAMES, first, strict=True)),
            optimizer={"lrate": 1.0, "modules": []},  # FedAvg
            round={"min_updates": CLIENTS, "rounds": options.rounds},
        )
        with ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(take_part, [options.url] * CLIENTS, range(CLIENTS)))
        for record in reversed(client.rounds(MODEL)):
            print(f"round {record['round']}: loss {record['metrics']['loss']:.3f}")
        print(f"accuracy {accuracy(client.weights(MODEL).arrays, test):.3f}")


if __name__ == "__main__":
    main()
