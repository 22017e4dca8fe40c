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
TURNS = 15
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
    uploads: dict[str, list[float]] = {"curl": [], "fedstep": []}
    downloads: dict[str, list[float]] = {"curl": [], "fedstep": []}
    for turn in range(TURNS + 1):
        client.client_id = f"python-{turn}"
        to = f"{model}/rounds/0/updates/curl-{turn}"
        measured = (
            (uploads["curl"], curl("-T", str(file), "-H", f"Content-Type: {OCTETS}", to)),
            (uploads["fedstep"], seconds(lambda: client.submit(MODEL, 0, {"w": values}))),
            (downloads["curl"], curl(f"{model}/weights")),
            (downloads["fedstep"], seconds(lambda: client.weights(MODEL))),
        )
        if turn > 0:  # the first warms up
            for times, took in measured:
                times.append(took)
    for name, kinds in (("upload", uploads), ("download", downloads)):
        medians = {who: statistics.median(took) for who, took in kinds.items()}
        rates = {who: values.nbytes / median / 1e6 for who, median in medians.items()}
        print(
            f"{name}: fedstep {rates['fedstep']:.0f} MB/s, curl {rates['curl']:.0f} MB/s, "
            f"ratio {rates['fedstep'] / rates['curl']:.2f}"
        )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080")
