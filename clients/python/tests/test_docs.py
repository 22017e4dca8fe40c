"""The programs in the documents, as they stand there."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from support import PROJECT, client, shared_server

NUMBER = re.compile(r"-?\d+\.?\d*")


class DocsTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for model in client().models():
            if model["model"] == "line":
                client().delete("line")

    def start(
        self, document: str, name: str, *arguments: str, mark: str = "with Client("
    ) -> subprocess.Popen[str]:
        """Runs the first program of a document with these words, against the shared server."""
        blocks = (PROJECT / document).read_text().split("```python\n")[1:]
        programs = [block.partition("```")[0] for block in blocks]
        program = next(one for one in programs if mark in one)
        for address in ("http://localhost:8080", "http://127.0.0.1:8080"):
            program = program.replace(address, shared_server().url)
        file = self.folder / name
        file.write_text(program)
        command = [sys.executable, str(file), *arguments]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def output(self, process: subprocess.Popen[str]) -> str:
        text, _ = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, text)
        return text

    def check(self, document: str, shown: str) -> None:
        """The document says what the program shows, but for what another processor's sums do."""
        said = (PROJECT / document).read_text()
        for number in NUMBER.findall(shown):
            self.assertIn(number[:5], said, shown)

    def test_readme(self) -> None:
        shown = self.output(self.start("README.md", "me.py"))
        self.check("clients/python/README.md", "50 " + shown)

    @unittest.skipUnless(shutil.which("curl") and shutil.which("bash"), "there is no curl")
    def test_curl_pasted_at_once(self) -> None:
        readme = (PROJECT / "README.md").read_text()
        block = readme.partition("## A round with curl")[2].split("```")[1]
        commands = block.replace("localhost:8080", shared_server().url.removeprefix("http://"))
        weights = re.search(r'\{"weights".*?"version":1\}', readme)
        assert weights is not None
        for i in range(20):
            toy = f"toy-{i}"
            pasted = commands.replace("/toy", "/" + toy).replace("curl ", "curl -s ")
            shown = subprocess.run(
                ["bash", "-e"], input=pasted, capture_output=True, text=True, check=True
            )
            client().delete(toy)
            self.assertIn(weights.group(), shown.stdout)

    def test_python_readme(self) -> None:
        shown = self.output(self.start("clients/python/README.md", "alice.py"))
        self.check("clients/python/README.md", shown)

    def test_counts_and_sums(self) -> None:
        shown = self.output(self.start("docs/FLOWER.md", "sums.py", mark='"histogram"'))
        self.assertEqual(shown, "[2 4 2 1]\n")
        self.check("docs/FLOWER.md", shown)
        client().delete("histogram")

    def test_secure_python_readme(self) -> None:
        if importlib.util.find_spec("cryptography") is None:
            self.skipTest("cryptography is not installed: fedstep[secure]")
        readme, names = "clients/python/README.md", ("alice", "bob", "carol")
        members = [self.start(readme, name, name, mark='"secret"') for name in names]
        for member in members:
            self.assertEqual(self.output(member), "[3.]\n")
        self.check(readme, "[3.]")
        client().delete("secret")

    def test_tutorial(self) -> None:
        left = self.start("docs/TUTORIAL.md", "left.py", "hospital-1", "-2", "0")
        right = self.start("docs/TUTORIAL.md", "right.py", "hospital-2", "0", "2")
        shown = self.output(left)
        self.assertEqual(self.output(right), shown)
        self.check("docs/TUTORIAL.md", shown)


if __name__ == "__main__":
    unittest.main()
