"""Ten clients learn to read digits over thin lines, by every encoding of updates and by SCAFFOLD.

    python clients/python/examples/thin_digits.py --url http://127.0.0.1:8080

Each client has images of mostly two digits. They train a network of 9,610 values seven times: with
updates as they are, encoded, as top-k without the feedback of what was not sent, and with controls.
All of that is repeated over several splits of the images. At the end the mean accuracy of each
version is in ``thin-digits.svg``.
"""

from __future__ import annotations

import argparse
import contextlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import digits
import numpy as np
import plot

from fedstep import Client, Problem, Update, Weights
from fedstep.scaffold import Scaffold
from fedstep.tensors import Array, Arrays
from fedstep.training import LocalStep

CLIENTS = 10
HIDDEN = 128
BATCH = 32
LOCAL_RATE = 0.03
NO_FEEDBACK = "no feedback"
SCAFFOLD = "SCAFFOLD"
LINES: dict[str, str | None] = {
    "float32": None,
    "int8": "int8",
    "eden-4": "eden-4",
    "eden-1": "eden-1",
    "top-k": "top-k",
    NO_FEEDBACK: "top-k",
    SCAFFOLD: None,
}


@dataclass(frozen=True)
class Course:
    """How a training went: the bytes of its last update, and how well each version reads."""

    bytes: int
    accuracies: list[float]


def first(split: int) -> Arrays:
    """Random weights."""
    dice = np.random.default_rng(split)
    scale = np.sqrt(2 / digits.PIXELS), np.sqrt(2 / HIDDEN)
    return {
        "hidden": (dice.standard_normal((HIDDEN, digits.PIXELS)) * scale[0]).astype(np.float32),
        "hidden.bias": np.zeros(HIDDEN, np.float32),
        "out": (dice.standard_normal((digits.DIGITS, HIDDEN)) * scale[1]).astype(np.float32),
        "out.bias": np.zeros(digits.DIGITS, np.float32),
    }


def forward(weights: Arrays, pixels: Array) -> tuple[Array, Array]:
    """The hidden values, [images, 128], and the scores, [images, digits]."""
    hidden = np.maximum(pixels @ weights["hidden"].T + weights["hidden.bias"], 0)
    return hidden, hidden @ weights["out"].T + weights["out.bias"]


def accuracy(weights: Arrays, images: digits.Images) -> float:
    """The share of images whose digit gets the highest score."""
    return float((forward(weights, images.pixels)[1].argmax(1) == images.values).mean())


def moves(weights: Arrays, images: digits.Images, some: Any) -> dict[str, Array]:
    """A step of gradient descent on some of the images."""
    x = images.pixels[some]
    hidden, scores = forward(weights, x)
    powers = np.exp(scores - scores.max(1, keepdims=True))
    errors = powers / powers.sum(1, keepdims=True)
    errors[np.arange(len(some)), images.values[some]] -= 1
    errors *= np.float32(LOCAL_RATE / len(some))
    back = (errors @ weights["out"]) * (hidden > 0)
    return {
        "hidden": back.T @ x,
        "hidden.bias": back.sum(0),
        "out": errors.T @ hidden,
        "out.bias": errors.sum(0),
    }


def epoch(
    weights: Arrays, images: digits.Images, seed: int, correction: Arrays | None = None
) -> Update:
    """What one pass of stochastic gradient descent gives, each step of which is corrected."""
    after = {name: array.copy() for name, array in weights.items()}
    order = np.random.default_rng(seed).permutation(len(images.values))
    steps = range(0, len(order), BATCH)
    for begin in steps:
        for name, move in moves(after, images, order[begin : begin + BATCH]).items():
            after[name] -= move
            if correction is not None:
                after[name] -= np.float32(LOCAL_RATE) * correction[name]
    rate = None if correction is None else LOCAL_RATE * len(steps)
    return Update.from_weights(weights, after, len(order), local_rate=rate)


def deal(images: digits.Images, split: int) -> list[digits.Images]:
    """The images of each client: nine of ten sorted by digit and cut in two pieces for each, the
    rest dealt out."""
    order = np.random.default_rng(split).permutation(len(images.values))
    cut = len(order) // 10
    pieces = np.random.default_rng(split).permutation(2 * CLIENTS)
    ordered = order[cut:][np.argsort(images.values[order[cut:]], kind="stable")]
    sorted_pieces = np.array_split(ordered, 2 * CLIENTS)
    dealt = np.array_split(order[:cut], CLIENTS)
    held = []
    for client in range(CLIENTS):
        own = [sorted_pieces[pieces[2 * client]], sorted_pieces[pieces[2 * client + 1]]]
        mine = np.concatenate([*own, dealt[client]])
        held.append(digits.Images(images.pixels[mine], images.values[mine]))
    return held


def step_of(name: str, client: Client, model: str, images: digits.Images, seed: int) -> LocalStep:
    """How a client trains in each round."""

    def plain(weights: Arrays, round: int) -> Update:
        return epoch(weights, images, seed + CLIENTS * round)

    def corrected(weights: Arrays, round: int, control: Arrays, own: Arrays) -> Update:
        correction = {key: control[key] - own[key] for key in control}
        return epoch(weights, images, seed + CLIENTS * round, correction)

    return Scaffold().local_step(client, model, corrected) if name == SCAFFOLD else plain


def send(
    client: Client, model: str, weights: Weights, update: Update, encoding: str | None
) -> dict[str, Any]:
    """Sends an update, and gives the receipt."""
    return client.submit(
        model,
        weights,
        update.gradient,
        weight=update.weight,
        encoding=encoding,
        local_rate=update.local_rate,
        control=update.control,
        keeper=update.keeper,
    )


def train(url: str, name: str, split: int, rounds: int) -> Course:
    """Trains a model until its rounds are over."""
    model = f"thin-digits-{name.replace(' ', '-')}-{split}"
    images, test = digits.read()
    held = deal(images, split)
    with contextlib.ExitStack() as stack:
        admin = stack.enter_context(Client(url))
        own = [stack.enter_context(Client(url, client_id=f"client-{i}")) for i in range(CLIENTS)]
        with contextlib.suppress(Problem):
            admin.delete(model)
        admin.create(
            model,
            first(split),
            optimizer={"lrate": 1.0, "modules": ["scaffold-server"] if name == SCAFFOLD else []},
            aggregator=["averaging", {"steps_weighted": name != SCAFFOLD}],
            round={"min_updates": CLIENTS, "rounds": rounds},
        )
        steps = [
            step_of(name, client, model, held[i], split * rounds * CLIENTS + i)
            for i, client in enumerate(own)
        ]
        accuracies = []
        receipt: dict[str, Any] = {}
        weights: Weights | None = admin.weights(model)
        while weights is not None:
            accuracies.append(accuracy(weights.arrays, test))
            if weights.phase != "stopped":
                for client, step in zip(own, steps, strict=True):
                    update = step(weights.arrays, weights.version)
                    assert update is not None
                    if name == NO_FEEDBACK:
                        client.drop_residuals(model)
                    receipt = send(client, model, weights, update, LINES[name])
            weights = admin.wait(model, weights)
        admin.delete(model)
    return Course(receipt.get("bytes", 0), accuracies)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--splits", type=int, default=12)
    parser.add_argument("--processes", type=int, default=6)
    parser.add_argument("--output", type=Path, default=Path("thin-digits.svg"))
    options = parser.parse_args()

    with ProcessPoolExecutor(options.processes) as processes:
        going = [
            {
                name: processes.submit(train, options.url, name, split, options.rounds)
                for name in LINES
            }
            for split in range(options.splits)
        ]
        courses: dict[str, list[Course]] = {name: [] for name in LINES}
        for split, one in enumerate(going):
            for name, course in one.items():
                courses[name].append(course.result())
            last = [f"{name} {done[-1].accuracies[-1]:.3f}" for name, done in courses.items()]
            print(f"split {split}: {', '.join(last)}", flush=True)
    whole = np.array([course.accuracies for course in courses["float32"]])
    lines = {}
    print("             bytes an update  accuracy  below float32: mean  at worst")
    for name, done in courses.items():
        reached = np.array([course.accuracies for course in done])
        below = whole[:, -1] - reached[:, -1]
        lines[name] = list(enumerate(map(float, reached.mean(0))))
        print(
            f"{name:11}  {done[-1].bytes:15}  {reached[:, -1].mean():8.3f}"
            f"  {below.mean():19.3f}  {below.max():8.3f}"
        )
    plot.write(options.output, {"mean accuracy on test images, by version": lines})
    print(f"accuracy {whole[:, -1].mean():.3f}; see {options.output}")


if __name__ == "__main__":
    main()
