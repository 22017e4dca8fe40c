"""Sixty members learn to read digits, and nobody, the server included, sees what one has learnt.

    python clients/python/examples/secure_digits.py --url http://127.0.0.1:8080

Each member has 24 images. They train a plain model, one with secure aggregation, whose server sees
sums alone, and two in which every member adds its share of noise before it masks, so that the sums
tell little of any one either: with privacy budgets of epsilon 8 and 2. At the end the accuracy over
the versions is in ``secure-digits.svg``. It takes the package ``cryptography``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import digits
import numpy as np
import plot
from cross_silo import accuracy, epoch

from fedstep import Client, Problem, Update
from fedstep.tensors import Arrays

CLIP_NORM = 0.3
SERVER_RATE = 3.0
LOCAL_EPOCHS = 5
DELTA = 1e-5
COLLUSION = 5
SECURE = {"join_timeout": "10m", "share_timeout": "10m", "unmask_timeout": "10m"}


def noise(epsilon: float) -> dict[str, Any]:
    """What a spec has with noise by the members, of whom a few may tell the server theirs."""
    private = {"clip_norm": CLIP_NORM, "epsilon": epsilon, "delta": DELTA}
    return {"secure": SECURE, "privacy": private | {"where": "clients", "collusion": COLLUSION}}


COURSES: dict[str, dict[str, Any]] = {
    "plain": {},
    "secure": {"secure": SECURE | {"clip": 1.0}},
    "epsilon 8": noise(8.0),
    "epsilon 2": noise(2.0),
}


def step_of(images: digits.Images) -> Callable[[Arrays, int], Update]:
    """What a member does in a round: it trains, and cuts its update."""

    def step(weights: Arrays, round: int) -> Update:
        after = weights
        for seed in range(LOCAL_EPOCHS):
            after = epoch(after, images, seed)
        update = {name: array - after[name] for name, array in weights.items()}
        norm = np.sqrt(sum(float(np.sum(array**2)) for array in update.values()))
        cut = CLIP_NORM / max(norm, CLIP_NORM)
        return Update({name: array * cut for name, array in update.items()})

    return step


def train(url: str, name: str, members: int, rounds: int) -> tuple[list[float], float]:
    """Trains a model until its rounds are over: the accuracy of each version, and its epsilon."""
    images, test = digits.read()
    model = "secure-digits-" + name.replace(" ", "-")

    def play(member: int) -> None:
        mine = digits.Images(images.pixels[member::members], images.values[member::members])
        with Client(url, client_id=f"member-{member:03}", progress=False) as client:
            client.train(model, step_of(mine), secure="secure" in COURSES[name])

    with Client(url) as client, ThreadPoolExecutor(members) as threads:
        try:
            client.delete(model)
        except Problem as problem:
            if problem.code != "model-not-found":
                raise
        client.create(
            model,
            {
                "coef": np.zeros((digits.DIGITS, digits.PIXELS), np.float32),
                "intercept": np.zeros(digits.DIGITS, np.float32),
            },
            optimizer={"lrate": SERVER_RATE, "modules": []},
            aggregator=["averaging", {"steps_weighted": False}],
            round={"min_updates": members, "timeout": "10m", "rounds": rounds},
            **COURSES[name],
        )
        playing = threads.map(play, range(members))
        weights = client.weights(model)
        accuracies = [accuracy(weights.arrays, test)]
        while weights.version < rounds:
            weights = client.wait(model, weights) or weights
            accuracies.append(accuracy(weights.arrays, test))
        list(playing)
        spent = client.privacy(model)["epsilon"] if "privacy" in COURSES[name] else 0.0
    return accuracies, float(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--members", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--output", type=Path, default=Path("secure-digits.svg"))
    options = parser.parse_args()

    courses = {}
    print("           epsilon spent  accuracy")
    for name in COURSES:
        courses[name], spent = train(options.url, name, options.members, options.rounds)
        print(f"{name:9}  {spent:13.3f}  {courses[name][-1]:8.3f}", flush=True)
    plot.write(
        options.output,
        {
            "accuracy on test images, by version": {
                name: list(enumerate(accuracies)) for name, accuracies in courses.items()
            }
        },
    )
    print(f"accuracy {courses['plain'][-1]:.3f}; see {options.output}")


if __name__ == "__main__":
    main()
