"""The programs in the documents, as they stand there."""

from __future__ import annotations

import re
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

    def start(self, document: str, name: str, *arguments: str) -> subprocess.Popen[str]:
        """Runs the program of a document that uses the package, against the shared server."""
        blocks = (PROJECT / document).read_text().split("```python\n")[1:]
        programs = [block.partition("```")[0] for block in blocks]
        program = next(one for one in programs if "with Client(" in one)
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

    def test_python_readme(self) -> None:
        shown = self.output(self.start("clients/python/README.md", "alice.py"))
        self.check("clients/python/README.md", shown)

    def test_tutorial(self) -> None:
        left = self.start("docs/TUTORIAL.md", "left.py", "hospital-1", "-2", "0")
        right = self.start("docs/TUTORIAL.md", "right.py", "hospital-2", "0", "2")
        shown = self.output(left)
        self.assertEqual(self.output(right), shown)
        self.check("docs/TUTORIAL.md", shown)


if __name__ == "__main__":
    unittest.main()
