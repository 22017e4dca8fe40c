"""How long a round takes over a slow line that loses packets: the download of a version and the
upload of an update, as they are, in gzip, and as deltas of bfloat16 and ``eden-4``.

    sudo python clients/python/bench/slow_line.py target/fedstep.jar --parameters 10000000

Linux, as root, with ip, tc and nft. Each way has a server and a client in network namespaces of
their own, and a line of its own between them, so that all go on at once. Updates are a thousandth
of the weights' size.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from fedstep import Client, Weights
from fedstep.tensors import Array

MODEL = "slow-line"
SERVER, CLIENT, PORT = "10.77.0.1", "10.77.0.2", 8080
URL = f"http://{SERVER}:{PORT}"
WAYS = ("as it is", "gzip", "eden-4 and deltas")
START_SECONDS = 90
LONGEST_BURST = 1600
"""Bytes that leave at once: a packet, so that each is lost by itself."""


def run(*command: str, input: str | None = None) -> str:
    """What a command says.

    Raises:
        CalledProcessError: if it fails.
    """
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, input=input)
    return done.stdout


@contextlib.contextmanager
def line(number: int, rate: str, loss: float, delay: str) -> Iterator[tuple[str, str]]:
    """Two network namespaces, a server's and a client's, with a line between them."""
    here = f"fedstep-{os.getpid()}-{number}"
    server, client = f"{here}-server", f"{here}-client"
    try:
        for space in (server, client):
            run("ip", "netns", "add", space)
            run("ip", "-n", space, "link", "set", "lo", "up")
        run(*f"ip -n {server} link add line type veth peer name line netns {client}".split())
        for space, address in ((server, SERVER), (client, CLIENT)):
            run(*f"ip -n {space} addr add {address}/24 dev line".split())
            run(*f"ip -n {space} link set line up".split())
            shape = f"root tbf rate {rate} burst {LONGEST_BURST} latency {delay}"
            run(*f"ip netns exec {space} tc qdisc add dev line {shape}".split())
            run(
                *f"ip netns exec {space} nft -f -".split(),
                input="table inet line {\n chain received {\n"
                "  type filter hook input priority 0\n"
                f'  iifname "line" numgen random mod 10000 < {round(loss * 100)} drop\n }}\n}}\n',
            )
        yield server, client
    finally:
        for space in (server, client):
            subprocess.run(["ip", "netns", "delete", space], check=False)


@contextlib.contextmanager
def serving(space: str, java: str, jar: Path) -> Iterator[None]:
    """A server in a namespace."""
    with tempfile.TemporaryDirectory(prefix="fedstep-line-") as folder:
        command = ["ip", "netns", "exec", space, java, "-Xmx512m", "-jar", str(jar.resolve())]
        command += [f"--server.address={SERVER}", f"--server.port={PORT}"]
        command += [f"--fedstep.data-dir={folder}/data", "--fedstep.security.insecure=true"]
        with (Path(folder) / "log").open("wb") as log:
            process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
            try:
                yield
            finally:
                process.terminate()
                process.wait()


def create(parameters: int) -> None:
    """Creates the model, once there is a server."""
    ready = f"{URL}/actuator/health/readiness"
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(ready, timeout=5):
                break
        except OSError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.2)
    weights = np.random.default_rng(1).standard_normal(parameters, np.float32)
    with Client(URL, progress=False) as client:
        optimizer = {"lrate": 1.0, "modules": []}
        client.create(MODEL, {"w": weights}, optimizer=optimizer, round={"min_updates": 1})


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """How long something took, and what it gave."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def update(parameters: int, version: int) -> Array:
    """What a client is to have learned."""
    dice = np.random.default_rng(1000 + version)
    moved: Array = dice.standard_normal(parameters, np.float32) * np.float32(0.001)
    return moved


def by_client(parameters: int, rounds: int, thin: bool) -> Iterator[tuple[str, float]]:
    """Takes part by the Python client, and tells what each transfer took."""
    dtype, encoding = ("bfloat16", "eden-4") if thin else (None, None)
    with Client(URL, client_id="alice", progress=False, timeout=3600) as client:
        took, newest = seconds(lambda: client.weights(MODEL, dtype=dtype))
        yield "first", took
        for number in range(rounds):
            moved = {"w": update(parameters, number)}
            before: Weights = newest
            took, _ = seconds(lambda: client.submit(MODEL, before, moved, encoding=encoding))  # noqa: B023
            yield "upload", took
            took, newest = seconds(lambda: client.wait(MODEL, before))  # noqa: B023
            yield "download", took


def by_gzip(parameters: int, rounds: int) -> Iterator[tuple[str, float]]:
    """Takes part by plain requests that are compressed both ways."""

    def weights(after: str | None) -> str:
        fields = {"Accept": "application/octet-stream", "Accept-Encoding": "gzip"}
        if after is not None:
            fields["If-None-Match"] = after
        request = urllib.request.Request(
            f"{URL}/v1/models/{MODEL}/weights?wait=60s", headers=fields
        )
        with urllib.request.urlopen(request, timeout=3600) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert len(gzip.decompress(answer.read())) == 4 * parameters
            return str(answer.headers["ETag"])

    def submit(version: int) -> None:
        body = gzip.compress(update(parameters, version).tobytes(), 6)
        fields = {"Content-Type": "application/octet-stream", "Content-Encoding": "gzip"}
        address = f"{URL}/v1/models/{MODEL}/rounds/{version}/updates/alice"
        request = urllib.request.Request(address, body, fields, method="PUT")
        with urllib.request.urlopen(request, timeout=3600) as answer:
            assert answer.status == 201

    took, tag = seconds(lambda: weights(None))
    yield "first", took
    for number in range(rounds):
        took, _ = seconds(lambda: submit(number))  # noqa: B023
        yield "upload", took
        took, tag = seconds(lambda: weights(tag))  # noqa: B023
        yield "download", took


def measure(number: int, options: argparse.Namespace) -> dict[str, list[float]]:
    """The seconds of a way's transfers."""
    again = [sys.executable, __file__, str(options.jar), f"--parameters={options.parameters}"]
    again += [f"--rounds={options.rounds}"]
    with (
        line(number, options.rate, options.loss, options.queue) as (server, client),
        serving(server, options.java, options.jar),
    ):
        run("ip", "netns", "exec", server, *again, "--part=create")
        command = ["ip", "netns", "exec", client, *again, f"--part={WAYS[number]}"]
        times: dict[str, list[float]] = {"first": [], "upload": [], "download": []}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for text in process.stdout or ():
                what, took = json.loads(text)
                times[what].append(took)
                print(f"{WAYS[number]}: {what} {took:.1f} s", flush=True)
        if process.returncode != 0:
            raise SystemExit(f"{WAYS[number]}: the client ended with {process.returncode}")
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("jar", type=Path, help="the server's")
    parser.add_argument("--parameters", type=int, default=1_000_000, help="values of float32")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", default="1mbit", help="of the line, both ways, as tc has it")
    parser.add_argument("--loss", type=float, default=1.0, help="of packets, in percent")
    parser.add_argument("--queue", default="400ms", help="the longest that a packet waits")
    parser.add_argument("--java", default="java")
    parser.add_argument("--part", choices=["create", *WAYS], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part == "create":
        create(options.parameters)
    elif options.part is not None:
        parts = (
            by_gzip(options.parameters, options.rounds)
            if options.part == "gzip"
            else by_client(options.parameters, options.rounds, options.part != WAYS[0])
        )
        for what, took in parts:
            print(json.dumps([what, took]), flush=True)
    else:
        with ThreadPoolExecutor(len(WAYS)) as threads:
            found = list(threads.map(lambda number: measure(number, options), range(len(WAYS))))
        print("                    first  download  upload  a round, s (medians)")
        for way, times in zip(WAYS, found, strict=True):
            first, upload, download = (
                statistics.median(times[what]) for what in ("first", "upload", "download")
            )
            print(
                f"{way:18}  {first:5.1f}  {download:8.1f}  {upload:6.1f}  {download + upload:7.1f}"
            )


if __name__ == "__main__":
    main()
