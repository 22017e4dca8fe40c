"""Writes golden/numpy_rounds.f4.json and .f8.json: 25 rounds of 3 clients, computed with NumPy.

Run from the top of the repository: python3 src/test/python/numpy_rounds.py

Updates and weights come from SplitMix64, which is Java's SplittableRandom. Means are exact
(fractions.Fraction) and rounded once; RMSProp and the step are NumPy's arithmetic in the dtype, in
declearn's order; the state is the text that json.dumps writes.
"""

import json
from fractions import Fraction

import numpy as np

ROUNDS = 25
CLIENTS = 3
SHAPES = {"dense/κ\"1\"": [2, 3], "bias": [4], "scale": []}
LRATE, W_DECAY, BETA, EPS = 0.05, 0.01, 0.9, 1e-7
MASK = (1 << 64) - 1


def splitmix64(seed):
    while True:
        seed = (seed + 0x9E3779B97F4A7C15) & MASK
        z = ((seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def value(bits, dtype):
    """A zero of either sign, or digits of the dtype's precision times 2^-20 to 2^11."""
    kind = (bits >> 5) & 15
    if kind < 2:
        return dtype.type(0.0 if kind == 0 else -0.0)
    precision = 24 if dtype.char == "f" else 53
    digits = (bits >> (64 - precision)) - (1 << (precision - 1))
    return np.ldexp(dtype.type(digits), (bits & 31) - 20 - precision + 1)


def update(number, client, size, dtype):
    """The weight and the flat gradient of a client in a round."""
    bits = splitmix64(1000 * number + client)
    steps = 1 + next(bits) % 600
    weight = steps * 0.1 if client == 2 else float(steps)
    return weight, np.array([value(next(bits), dtype) for _ in range(size)], dtype)


def nearest(exact, dtype):
    """The number of the dtype that is nearest to a fraction, ties to even."""
    near = dtype.type(float(exact))
    around = [np.nextafter(near, dtype.type(-np.inf)), near, np.nextafter(near, dtype.type(np.inf))]
    odd = {c: int(c.view("u4" if dtype.char == "f" else "u8")) & 1 for c in around}
    return min(around, key=lambda c: (abs(Fraction(float(c)) - exact), odd[c]))


def mean(updates, dtype):
    total = sum(Fraction(weight) for weight, _ in updates)
    means = []
    for column in zip(*(gradient for _, gradient in updates)):
        exact = sum(Fraction(w) * Fraction(float(x)) for (w, _), x in zip(updates, column)) / total
        if exact == 0:
            means.append(-0.0 if all(np.signbit(x) for x in column) else 0.0)
        else:
            means.append(nearest(exact, dtype))
    return np.array(means, dtype)


def state_text(state, dtype):
    dump, offset = {}, 0
    for name, shape in SHAPES.items():
        size = int(np.prod(shape))
        part = state[offset : offset + size]
        dump[name] = {"__type__": "np.ndarray", "dump": [part.tobytes().hex(), dtype.char, shape]}
        offset += size
    vector = {"__type__": "NumpyVector", "dump": dump}
    return json.dumps({"modules": [["rmsprop", {"state": vector}]]})


def rounds(dtype):
    size = sum(int(np.prod(shape)) for shape in SHAPES.values())
    weights = np.zeros(size, dtype)
    state = np.zeros(size, dtype)
    for number in range(ROUNDS):
        g = mean([update(number, client, size, dtype) for client in range(CLIENTS)], dtype)
        state = BETA * state + (1 - BETA) * (g * g)
        g = g / (np.sqrt(state) + EPS)
        weights = weights + -1 * (LRATE * g + W_DECAY * weights)
        assert state.dtype == weights.dtype == dtype
        yield {"weights": weights.tobytes().hex(), "state": state_text(state, dtype)}


for code in ("f4", "f8"):
    dtype = np.dtype(code)
    golden = {
        "numpy": np.__version__,
        "dtype": dtype.name,
        "shapes": SHAPES,
        "optimizer": {
            "lrate": LRATE,
            "w_decay": W_DECAY,
            "modules": [["rmsprop", {"beta": BETA, "eps": EPS}]],
        },
        "rounds": list(rounds(dtype)),
    }
    with open(f"src/test/resources/golden/numpy_rounds.{code}.json", "w") as file:
        json.dump(golden, file)
