"""Five hospitals learn to read digits without showing each other an image.

    python clients/python/examples/cross_silo.py --url http://127.0.0.1:8080

Each hospital is a process of its own with its own images, mostly of two digits. One is killed in
the middle and comes back; the others go on without it. A laboratory that only tests measures every
version. At the end loss and accuracy are in ``cross-silo.svg``.
"""

from __future__ import annotations

import argparse
import multiprocessing
import multiprocessing.process
import time
from pathlib import Path

import digits
import numpy as np
import plot

from fedstep import Client, Problem, Update, Weights
from fedstep.tensors import Array, Arrays

MODEL = "cross-silo"
HOSPITALS = 5
BATCH = 32
LOCAL_RATE = 0.1


def probabilities(weights: Arrays, pixels: Array) -> Array:
    """Softmax regression: [images, digits]."""
    scores = pixels @ weights["coef"].T + weights["intercept"]
    powers = np.exp(scores - scores.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))


def loss(weights: Arrays, images: digits.Images) -> float:
    """Mean cross-entropy, in nats."""
    right = probabilities(weights, images.pixels)[np.arange(len(images.values)), images.values]
    return float(-np.log(np.maximum(right, 1e-12)).mean())


def accuracy(weights: Arrays, images: digits.Images) -> float:
    """The share of images whose digit gets the highest probability."""
    return float((probabilities(weights, images.pixels).argmax(1) == images.values).mean())


def epoch(weights: Arrays, images: digits.Images, seed: int) -> Arrays:
    """The weights after one pass of stochastic gradient descent."""
    after = {name: array.copy() for name, array in weights.items()}
    order = np.random.default_rng(seed).permutation(len(images.values))
    for begin in range(0, len(order), BATCH):
        some = order[begin : begin + BATCH]
        errors = probabilities(after, images.pixels[some])
        errors[np.arange(len(some)), images.values[some]] -= 1
        after["coef"] -= LOCAL_RATE * (errors.T @ images.pixels[some]) / len(some)
        after["intercept"] -= LOCAL_RATE * errors.mean(0)
    return after


def hospital(url: str, number: int) -> None:
    """What runs in a hospital, until training stops."""
    images = digits.share(digits.read()[0], number, HOSPITALS)

    def local_step(weights: Arrays, round: int) -> Update:
        time.sleep(0.05)  # stands for a larger model
        after = epoch(weights, images, seed=round)
        metrics = {"loss": loss(weights, images)}
        return Update.from_weights(weights, after, len(images.values), metrics)

    with Client(url, client_id=f"hospital-{number}") as client:
        client.train(MODEL, local_step)


def create(url: str, rounds: int) -> None:
    """What the consortium's operator does once."""
    zeros = {
        "coef": np.zeros((digits.DIGITS, digits.PIXELS), np.float32),
        "intercept": np.zeros(digits.DIGITS, np.float32),
    }
    with Client(url) as operator:
        operator.create(
            MODEL,
            zeros,
            # FedAvg with momentum: what hospitals send is what their training changed
            optimizer={"lrate": 1.0, "modules": [["momentum", {"beta": 0.5}]]},
            # all five, or at least three of them when a second is over
            round={"min_updates": 3, "max_updates": HOSPITALS, "timeout": "1s", "rounds": rounds},
        )


def story(url: str, rounds: int) -> list[float]:
    """Starts the hospitals, measures every version meanwhile, and lets one hospital fail.

    Returns:
        The accuracy of each version.
    """
    spawn = multiprocessing.get_context("spawn")

    def start(number: int) -> multiprocessing.process.BaseProcess:
        process = spawn.Process(target=hospital, args=(url, number), daemon=True)
        process.start()
        return process

    processes = [start(number) for number in range(HOSPITALS)]
    test = digits.read()[1]
    measured: dict[int, float] = {}
    with Client(url, client_id="laboratory") as client:
        weights: Weights | None = client.weights(MODEL)
        while weights is not None:
            version = weights.version
            measured[version] = accuracy(weights.arrays, test)
            client.report(MODEL, version, {"accuracy": measured[version]}, len(test.values))
            if version >= rounds // 3 and processes[0].is_alive() and len(processes) == HOSPITALS:
                print(f"version {version}: hospital-0 loses its power")
                processes[0].kill()
                processes[0].join()
            if version >= rounds // 2 and len(processes) == HOSPITALS:
                print(f"version {version}: hospital-0 is back")
                processes.append(start(0))
            weights = client.wait(MODEL, weights)
    for process in processes:
        process.join()
    return [measured[version] for version in sorted(measured)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--output", type=Path, default=Path("cross-silo.svg"))
    options = parser.parse_args()

    with Client(options.url) as client:
        try:
            client.delete(MODEL)
        except Problem as problem:
            if problem.code != "model-not-found":
                raise
        create(options.url, options.rounds)
        accuracies = story(options.url, options.rounds)
        rounds = sorted(client.rounds(MODEL, limit=500), key=lambda record: record["round"])
    print("round  hospitals   loss  accuracy after")
    for record, measured in zip(rounds, accuracies[1:], strict=True):
        print(
            f"{record['round']:5}  {record['updates']:9}  {record['metrics']['loss']:.3f}"
            f"  {measured:14.3f}"
        )
    plot.write(
        options.output,
        {
            "loss on the hospitals' images, before each round": {
                "mean": [(record["round"], record["metrics"]["loss"]) for record in rounds]
            },
            "accuracy on test images, by version": {"laboratory": list(enumerate(accuracies))},
        },
    )
    print(f"accuracy {accuracies[-1]:.3f}; see {options.output}")


if __name__ == "__main__":
    main()
