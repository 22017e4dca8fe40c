"""A whole round of a server as Python clients see it, and what of it NumPy does in memory.

Usage: whole_round.py PORT MODEL CLIENTS PARAMETERS. Says "ready", then answers each line: "round"
and "numpy" with the seconds that took, "check" with "right" or what is wrong.
"""

import http.client
import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

LRATE, BETA, EPS = 0.01, 0.9, 1e-7

port, model, clients, size = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])


class Client:
    """Has the newest weights; in a round it sends its gradient and waits for the next weights."""

    def __init__(self, number):
        self.number = number
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.gradient = np.random.default_rng(number).standard_normal(size, np.float32)
        self.weights = np.empty(size, np.float32)
        self.tag = '""'
        self.fetch()

    def fetch(self):
        """Waits for weights other than the last ones."""
        self.connection.request(
            "GET", f"/v1/models/{model}/weights?wait=60s", headers={"If-None-Match": self.tag}
        )
        answer = self.connection.getresponse()
        assert answer.status == 200, answer.status
        into = memoryview(self.weights).cast("B")
        while into:
            into = into[answer.readinto(into) :]
        answer.read()
        self.tag = answer.getheader("ETag")
        self.version = int(answer.getheader("Fedstep-Version"))

    def send(self):
        path = f"/v1/models/{model}/rounds/{self.version}/updates/client-{self.number}"
        kind = {"Content-Type": "application/octet-stream"}
        self.connection.request("PUT", path, memoryview(self.gradient).cast("B"), kind)
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status == 201, text

    def round(self):
        barrier.wait()
        self.send()
        self.fetch()


def mean(dtype):
    gradients = [client.gradient for client in crowd]
    total = sum(gradients[1:], gradients[0].astype(dtype))
    return (total / len(gradients)).astype(np.float32)


def step(mean, weights, state):
    """RMSProp as declearn computes it with NumPy."""
    state = BETA * state + (1 - BETA) * mean**2
    return weights - LRATE * (mean / (np.sqrt(state) + EPS)), state


def numpy_round():
    """A round in memory, with the state as declearn's JSON."""
    zeros = np.zeros(size, np.float32)
    _, state = step(mean(np.float32), zeros, zeros)
    dump = {"w": {"__type__": "np.ndarray", "dump": [state.tobytes().hex(), "f", [size]]}}
    vector = {"__type__": "NumpyVector", "dump": dump}
    return len(json.dumps({"modules": [["rmsprop", {"state": vector}]]}))


def check():
    weights = state = np.zeros(size, np.float32)
    gradient = mean(np.float64)  # in float32, a mean near zero has no digit right
    for _ in range(crowd[0].version):
        weights, state = step(gradient, weights, state)
    for client in crowd:
        if not np.allclose(client.weights, weights, rtol=1e-4, atol=1e-5):
            worst = np.abs(client.weights - weights).max()
            return f"client {client.number} is {worst} away from NumPy"
    return "right"


def seconds(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


crowd = [Client(number) for number in range(clients)]
barrier = threading.Barrier(clients)
with ThreadPoolExecutor(clients) as threads:
    print("ready", flush=True)
    for line in sys.stdin:
        if line == "round\n":
            answer = seconds(lambda: list(threads.map(Client.round, crowd)))
        elif line == "numpy\n":
            answer = seconds(numpy_round)
        else:
            answer = check()
        print(answer, flush=True)
