"""Two hundred phones learn to read digits, and what is published tells little of any one.

    python clients/python/examples/private_digits.py --url http://127.0.0.1:8080

Each phone has seven images. They train four models: with privacy budgets of epsilon 2, 4 and 8,
which bound what the published weights tell of one phone, and without noise. At the end the accuracy
over the versions and over epsilon is in ``private-digits.svg``.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import digits
import numpy as np
import plot
from cross_silo import accuracy, epoch

from fedstep import Client, Problem, Weights

BUDGETS = (2.0, 4.0, 8.0, None)
DELTA = 1e-5
CLIP_NORM = 0.3
SERVER_RATE = 3.0
LOCAL_EPOCHS = 5
THREADS = 8


@dataclass(frozen=True)
class Course:
    """How a training went: what had been spent at each version, and how well the version reads."""

    name: str
    noise_multiplier: float
    epsilons: list[float]
    accuracies: list[float]


def create(client: Client, model: str, epsilon: float | None, phones: int, rounds: int) -> float:
    """Creates a model, in place of an earlier one; the noise multiplier that its budget takes."""
    try:
        client.delete(model)
    except Problem as problem:
        if problem.code != "model-not-found":
            raise
    private: dict[str, Any] = {}
    if epsilon is not None:
        private["privacy"] = {"clip_norm": CLIP_NORM, "epsilon": epsilon, "delta": DELTA}
    zeros = {
        "coef": np.zeros((digits.DIGITS, digits.PIXELS), np.float32),
        "intercept": np.zeros(digits.DIGITS, np.float32),
    }
    created = client.create(
        model,
        zeros,
        optimizer={"lrate": SERVER_RATE, "modules": []},
        aggregator=["averaging", {"steps_weighted": False}],
        round={"min_updates": phones, "rounds": rounds},
        **private,
    )
    return float(created.get("privacy", {}).get("noise_multiplier", 0))


def take_part(client: Client, model: str, weights: Weights, images: digits.Images) -> None:
    """What a phone does in a round: it trains, cuts its update, sends it, and reports nothing."""
    after = weights.arrays
    for seed in range(LOCAL_EPOCHS):
        after = epoch(after, images, seed)
    update = {name: array - after[name] for name, array in weights.arrays.items()}
    norm = np.sqrt(sum(float(np.sum(array**2)) for array in update.values()))
    cut = CLIP_NORM / max(norm, CLIP_NORM)  # which the server of a private model does as well
    client.submit(model, weights, {name: array * cut for name, array in update.items()})


def train(url: str, epsilon: float | None, phones: int, rounds: int) -> Course:
    """Trains a model until its rounds are over."""
    name = "no noise" if epsilon is None else f"epsilon {epsilon:g}"
    model = "private-digits-" + name.replace(" ", "-")
    images, test = digits.read()

    def play(weights: Weights, first: int) -> None:
        """Is one phone after the other, and leaves those between them to the other threads."""
        with Client(url) as client:
            for phone in range(first, phones, THREADS):
                client.client_id = f"phone-{phone}"
                mine = digits.Images(images.pixels[phone::phones], images.values[phone::phones])
                take_part(client, model, weights, mine)

    with Client(url) as client, ThreadPoolExecutor(THREADS) as threads:
        noise = create(client, model, epsilon, phones, rounds)
        weights: Weights | None = client.weights(model)
        accuracies = []
        while weights is not None:
            accuracies.append(accuracy(weights.arrays, test))
            if weights.phase != "stopped":
                list(threads.map(play, [weights] * THREADS, range(THREADS)))
            weights = client.wait(model, weights)
        records = sorted(client.rounds(model, limit=500), key=lambda record: record["round"])
    spent = [float(record.get("privacy", {}).get("epsilon", 0)) for record in records]
    return Course(name, noise, [0.0, *spent], accuracies)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--phones", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--output", type=Path, default=Path("private-digits.svg"))
    options = parser.parse_args()

    courses = []
    print("             noise multiplier  epsilon spent  accuracy")
    for epsilon in BUDGETS:
        course = train(options.url, epsilon, options.phones, options.rounds)
        courses.append(course)
        print(
            f"{course.name:11}  {course.noise_multiplier:16}  {course.epsilons[-1]:13.3f}"
            f"  {course.accuracies[-1]:8.3f}"
        )
    without, most = courses[-1], max(epsilon for epsilon in BUDGETS if epsilon)
    by_epsilon = {
        course.name: list(zip(course.epsilons[1:], course.accuracies[1:], strict=True))
        for course in courses[:-1]
    }
    by_epsilon[without.name] = [(0, without.accuracies[-1]), (most, without.accuracies[-1])]
    plot.write(
        options.output,
        {
            "accuracy on test images, by version": {
                course.name: list(enumerate(course.accuracies)) for course in courses
            },
            "accuracy over the epsilon that is spent": by_epsilon,
        },
    )
    print(f"accuracy {courses[0].accuracies[-1]:.3f}; see {options.output}")


if __name__ == "__main__":
    main()
