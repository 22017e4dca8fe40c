"""Uploads and downloads 10^7 float32 with this client and with curl, in turns, and prints medians.

    python clients/python/bench/transfer.py http://127.0.0.1:8080

It creates a model ``transfer-bench`` on that server and removes it at the end.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fedstep import Client, FedstepError, tensors

PARAMETERS = 10_000_000
TURNS = 20
MODEL = "transfer-bench"
OCTETS = "application/octet-stream"


def curl(*arguments: str) -> float:
    """Seconds that a transfer of curl's took, by its own clock."""
    command = ["curl", "-sS", "-f", "-o", "/dev/null", "-w", "%{time_total}", *arguments]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def seconds(work: Callable[[], object]) -> float:
    """Seconds that something of ours took."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main(url: str) -> None:
    client = Client(url, progress=False)
    values = np.random.default_rng(1).standard_normal(PARAMETERS, np.float32)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "update.bin"
        values.tofile(file)
        try:
            client.create(MODEL, {"w": values}, round={"min_updates": 10_000})
            compare(client, f"{url}/v1/models/{MODEL}", values, file)
        finally:
            try:
                client.delete(MODEL)
            except FedstepError as error:
                print(error, file=sys.stderr)


def compare(client: Client, model: str, values: tensors.Array, file: Path) -> None:
    weights = client.weights(MODEL)

    def curl_upload(turn: int) -> float:
        to = f"{model}/rounds/0/updates/curl-{turn}"
        return curl("-T", str(file), "-H", f"Content-Type: {OCTETS}", to)

    def upload(turn: int) -> float:
        client.client_id = f"fedstep-{turn}"
        return seconds(lambda: client.submit(MODEL, weights, {"w": values}))

    def curl_download(turn: int) -> float:
        return curl(f"{model}/weights")

    def download(turn: int) -> float:
        return seconds(lambda: client.weights(MODEL))

    measure("upload", {"fedstep": upload, "curl": curl_upload}, values.nbytes)
    measure("download", {"fedstep": download, "curl": curl_download}, values.nbytes)


def measure(what: str, ways: dict[str, Callable[[int], float]], size: int) -> None:
    """Times each way once a turn, in another order each time: what comes second finds the disk
    busy with the first."""
    times: dict[str, list[float]] = {who: [] for who in ways}
    for turn in range(TURNS + 1):
        for who in sorted(ways, reverse=turn % 2 == 0):
            took = ways[who](turn)
            if turn > 0:  # the first warms up
                times[who].append(took)
    rates = {who: size / statistics.median(took) / 1e6 for who, took in times.items()}
    print(
        f"{what}: fedstep {rates['fedstep']:.0f} MB/s, curl {rates['curl']:.0f} MB/s, "
        f"ratio {rates['fedstep'] / rates['curl']:.2f}"
    )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080")
