"""Secure rounds of Java and Python clients together."""

from __future__ import annotations

import subprocess
import tempfile
import unittest
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import secure_golden  # noqa: F401 - skips where cryptography is missing
from numpy.typing import NDArray
from support import ServerTest, in_thread, jar, java

from fedstep import Client, Update
from fedstep.secure.identity import Identity
from fedstep.tensors import Arrays

SIZE = 1001
ROUNDS = 3
NAMES = [f"site-{i}" for i in range(1, 6)]
PATIENT = {"join_timeout": "10m", "share_timeout": "10m", "unmask_timeout": "10m"}
SOURCE = Path(__file__).with_name("JavaMembers.java")
Keys = dict[str, str]


def place_of(name: str) -> int:
    return NAMES.index(name) + 1


def gradient(round: int, place: int) -> NDArray[np.float64]:
    """What the client of a place learns in a round, in steps of 2^-10: as in ``JavaMembers``."""
    j = np.arange(SIZE)
    return ((j * 7919 + place * 104_729 + round * 1_299_709) % 8192 - 4096) / 1024


class MixedTest(ServerTest):
    folder: Path

    @classmethod
    def setUpClass(cls) -> None:
        """The Java client and what it needs, out of the server's jar."""
        unpacked = tempfile.TemporaryDirectory()
        cls.addClassCleanup(unpacked.cleanup)
        cls.folder = Path(unpacked.name)
        with zipfile.ZipFile(jar()) as archive:
            for name in archive.namelist():
                if name.startswith(("BOOT-INF/classes/io/fedstep/", "BOOT-INF/lib/jackson-")):
                    archive.extract(name, cls.folder)

    def create(self, model: str, dtype: str, **more: Any) -> None:
        self.admin.create(
            model,
            {"w": np.zeros(SIZE, dtype)},
            dtype=dtype,
            round={"min_updates": 5, "timeout": "10m", "rounds": ROUNDS},
            **more,
        )

    def python(self, model: str, name: str, dtype: str, keys: Path | None) -> None:
        options: dict[str, Any] = {}
        if keys is not None:
            options = {"identity": str(keys / name), "trusted": read(keys)}

        def step(weights: Arrays, round: int) -> Update:
            place = place_of(name)
            return Update({"w": gradient(round, place).astype(dtype)}, place, {"loss": 0.5 * place})

        with Client(
            self.server.url, client_id=name, timeout=60, progress=False, **options
        ) as client:
            client.train(model, step, rounds=ROUNDS, secure=True)

    def java(self, model: str, names: list[str], dtype: str, keys: Path | None) -> None:
        home = self.folder / "BOOT-INF"
        members = [f"{name}={place_of(name)}" for name in names]
        said = subprocess.run(
            [
                *(java(), "-Xmx512m", "-cp", f"{home}/classes:{home}/lib/*", str(SOURCE)),
                *(self.server.url, model, dtype, str(SIZE), str(ROUNDS), str(keys or "-")),
                *members,
            ],
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertNotIn("sat out", said.stderr)

    def train(self, model: str, dtype: str, keys: Path | None, in_java: list[str]) -> None:
        joins: list[Callable[[], None]] = []
        if in_java:
            joins.append(in_thread(lambda: self.java(model, in_java, dtype, keys)))
        for name in NAMES:
            if name not in in_java:
                joins.append(in_thread(lambda name=name: self.python(model, name, dtype, keys)))  # type: ignore[misc]
        for join in joins:
            join()

    def check(self, dtype: str, keys: Path | None, **secure: Any) -> None:
        """Whoever computes them, the versions are the same to the bit."""
        versions = []
        for number, in_java in enumerate(([], NAMES, NAMES[1:3])):
            model = f"{self.model}-{number}"
            self.addCleanup(self.admin.delete, model)
            self.create(
                model,
                dtype,
                optimizer={"lrate": 0.25, "modules": ["rmsprop"]},
                secure=PATIENT | secure,
                aggregator=["averaging", {"steps_weighted": secure.get("bits", 64) == 64}],
            )
            self.train(model, dtype, keys, in_java)
            versions.append(
                [self.admin.weights(model, n).arrays["w"].tobytes() for n in range(1, ROUNDS + 1)]
            )
            record = self.admin.round(model, ROUNDS - 1)
            self.assertEqual((record["outcome"], record["missing"]), ("completed", []))
        self.assertEqual(versions[1], versions[0])
        self.assertEqual(versions[2], versions[0])

    def test_java_python_and_both_make_the_same_versions(self) -> None:
        self.check("float32", None, clip=4.0, max_weight=10, metrics=["loss"])

    def test_members_that_know_each_other(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            keys = Path(folder)
            public = []
            for name in NAMES:
                identity = Identity.new()
                identity.save(f"{folder}/{name}")
                public.append(f"{name} {identity.text}\n")
            (keys / "public.txt").write_text("".join(public))
            self.check("float64", keys, clip=4.0, metrics=["loss"], identities="pinned")

    def test_noise_of_both_adds_up(self) -> None:
        self.addCleanup(self.admin.delete, self.model)
        self.create(
            self.model,
            "float64",
            optimizer={"lrate": 1.0, "modules": []},
            aggregator=["averaging", {"steps_weighted": False}],
            secure=PATIENT | {"threshold": 0.5},
            privacy={"clip_norm": 1.0, "noise_multiplier": 2.0, "delta": 1e-5}
            | {"where": "clients", "collusion": 1},
        )
        self.train(self.model, "float64", None, NAMES[1:4])
        unit, shares = 2.0 / 5, 5 / (3 - 1)
        for number in range(ROUNDS):
            before, after = (
                self.admin.weights(self.model, n).arrays["w"] for n in (number, number + 1)
            )
            cut = np.zeros(SIZE)
            for name in NAMES:
                x = gradient(number, place_of(name))
                cut += x / max(1.0, float(np.linalg.norm(x)))
            noise = (before - after - cut / 5) / unit
            self.assertLess(abs((noise**2).mean() / shares - 1), 5 * (2 / SIZE) ** 0.5)


def read(keys: Path) -> Keys:
    """The public keys of all, by name."""
    lines = (keys / "public.txt").read_text().splitlines()
    return {name: key for name, _, key in (line.partition(" ") for line in lines)}


if __name__ == "__main__":
    unittest.main()
