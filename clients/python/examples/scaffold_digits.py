"""Five clients that know mostly two digits each, with SCAFFOLD and without.

    python clients/python/examples/scaffold_digits.py --url http://127.0.0.1:8080

Each takes many steps on its own images between two meetings, so that it forgets the others'.
Two models are trained, the same in all but the controls; the accuracy over the rounds is in
``scaffold-digits.svg``.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import digits
import numpy as np
import plot
from cross_silo import accuracy, probabilities

from fedstep import Client, Problem, Update, Weights
from fedstep.scaffold import Scaffold
from fedstep.tensors import Arrays

CLIENTS = 5
STEPS = 200
BATCH = 20
RATE = 0.5
MODULES: dict[str, list[str]] = {"FedAvg": [], "SCAFFOLD": ["scaffold-server"]}


def gradient(weights: Arrays, images: digits.Images, some: Any) -> dict[str, Any]:
    """Of the cross-entropy of softmax regression on some of the images."""
    errors = probabilities(weights, images.pixels[some])
    errors[np.arange(len(some)), images.values[some]] -= 1
    return {"coef": errors.T @ images.pixels[some] / len(some), "intercept": errors.mean(0)}


def trained(
    weights: Arrays, round: int, controls: tuple[Arrays, Arrays], images: digits.Images
) -> Update:
    """Local steps, each by its gradient minus the client's own control plus that of all."""
    control, own = controls
    after = {name: array.copy() for name, array in weights.items()}
    dice = np.random.default_rng(round)
    for _ in range(STEPS):
        some = dice.integers(len(images.values), size=BATCH)
        for name, slope in gradient(after, images, some).items():
            after[name] -= (RATE * (slope - own[name] + control[name])).astype(np.float32)
    return Update.from_weights(weights, after, local_rate=STEPS * RATE)


def create(client: Client, model: str, modules: list[str], rounds: int) -> None:
    """Creates a model, in place of an earlier one."""
    try:
        client.delete(model)
    except Problem as problem:
        if problem.code != "model-not-found":
            raise
    zeros = {
        "coef": np.zeros((digits.DIGITS, digits.PIXELS), np.float32),
        "intercept": np.zeros(digits.DIGITS, np.float32),
    }
    client.create(
        model,
        zeros,
        optimizer={"lrate": 1.0, "modules": modules},
        aggregator=["averaging", {"steps_weighted": False}],
        round={"min_updates": CLIENTS, "rounds": rounds},
    )


def train(url: str, name: str, rounds: int) -> list[float]:
    """The accuracy of each version."""
    model = "scaffold-digits-" + name.lower()
    images, test = digits.read()

    def play(number: int) -> None:
        mine = digits.share(images, number, CLIENTS)
        with Client(url, client_id=f"client-{number}") as client:

            def corrected(weights: Arrays, round: int, control: Arrays, own: Arrays) -> Update:
                return trained(weights, round, (control, own), mine)

            def plain(weights: Arrays, round: int) -> Update:
                zeros = {key: np.zeros_like(array) for key, array in weights.items()}
                return Update(trained(weights, round, (zeros, zeros), mine).gradient)

            step = Scaffold().local_step(client, model, corrected) if MODULES[name] else plain
            client.train(model, step)

    with Client(url) as client, ThreadPoolExecutor(CLIENTS) as threads:
        create(client, model, MODULES[name], rounds)
        weights: Weights | None = client.weights(model)
        players = [threads.submit(play, number) for number in range(CLIENTS)]
        accuracies = []
        while weights is not None:
            accuracies.append(accuracy(weights.arrays, test))
            weights = client.wait(model, weights)
        for player in players:
            player.result()
    return accuracies


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--output", type=Path, default=Path("scaffold-digits.svg"))
    options = parser.parse_args()

    lines = {}
    for name in MODULES:
        lines[name] = list(enumerate(train(options.url, name, options.rounds)))
        tenth = max(1, options.rounds // 10)
        late = [value for _, value in lines[name][-tenth:]]
        print(f"{name:8}  mean accuracy of the last {tenth} versions {np.mean(late):.3f}")
    plot.write(options.output, {"accuracy on test images, by version": lines})
    print(f"accuracy {lines['SCAFFOLD'][-1][1]:.3f}; see {options.output}")


if __name__ == "__main__":
    main()
