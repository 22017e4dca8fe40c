"""The examples, as a user runs them; those whose framework is not installed are skipped."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree
from pathlib import Path

from support import shared_server

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


class ExamplesTest(unittest.TestCase):
    def run_example(self, name: str, rounds: int, *arguments: str) -> float:
        """The accuracy that an example ends with."""
        command = [sys.executable, str(EXAMPLES / name), "--url", shared_server().url]
        command += ["--rounds", str(rounds), *arguments]
        run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        return float(run.stdout.rpartition("accuracy ")[2].split(";")[0])

    def skip_without(self, *frameworks: str) -> None:
        for framework in frameworks:
            if importlib.util.find_spec(framework) is None:
                self.skipTest(f"{framework} is not installed")

    def test_cross_silo(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "plot.svg"
            self.assertGreater(self.run_example("cross_silo.py", 12, "--output", str(file)), 0.85)
            lines = xml.etree.ElementTree.parse(file).iter("{http://www.w3.org/2000/svg}polyline")
            points = [len(line.attrib["points"].split()) for line in lines]
            self.assertEqual(points, [12, 13])

    def test_private_digits(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "plot.svg"
            arguments = ("--phones", "60", "--output", str(file))
            self.assertGreater(self.run_example("private_digits.py", 3, *arguments), 0.2)
            lines = xml.etree.ElementTree.parse(file).iter("{http://www.w3.org/2000/svg}polyline")
            points = [len(line.attrib["points"].split()) for line in lines]
            self.assertEqual(points, [4, 4, 4, 4, 3, 3, 3, 2])

    def test_scaffold_digits(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "plot.svg"
            self.assertGreater(
                self.run_example("scaffold_digits.py", 6, "--output", str(file)), 0.8
            )
            lines = xml.etree.ElementTree.parse(file).iter("{http://www.w3.org/2000/svg}polyline")
            points = [len(line.attrib["points"].split()) for line in lines]
            self.assertEqual(points, [7, 7])

    def test_secure_digits(self) -> None:
        self.skip_without("cryptography")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "plot.svg"
            arguments = ("--members", "9", "--output", str(file))
            self.assertGreater(self.run_example("secure_digits.py", 3, *arguments), 0.8)
            lines = xml.etree.ElementTree.parse(file).iter("{http://www.w3.org/2000/svg}polyline")
            self.assertEqual([len(line.attrib["points"].split()) for line in lines], [4] * 4)

    def test_thin_digits(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "plot.svg"
            arguments = ("--splits", "1", "--output", str(file))
            self.assertGreater(self.run_example("thin_digits.py", 3, *arguments), 0.2)
            lines = xml.etree.ElementTree.parse(file).iter("{http://www.w3.org/2000/svg}polyline")
            points = [len(line.attrib["points"].split()) for line in lines]
            self.assertEqual(points, [4] * 7)

    def test_pytorch(self) -> None:
        self.skip_without("torch")
        self.assertGreater(self.run_example("pytorch_digits.py", 4), 0.8)

    def test_lora(self) -> None:
        self.skip_without("torch")
        self.assertGreater(self.run_example("lora_digits.py", 6), 0.7)

    def test_declearn(self) -> None:
        self.skip_without("declearn", "torch")
        self.assertGreater(self.run_example("declearn_digits.py", 8), 0.7)

    def test_flower(self) -> None:
        self.skip_without("flwr")
        self.assertGreater(self.run_example("flower_digits.py", 5), 0.8)


if __name__ == "__main__":
    unittest.main()
