"""Keys by which clients know each other, from the command line."""

from __future__ import annotations

import contextlib
import io
import json
import stat
import tempfile
import unittest
from pathlib import Path

import secure_golden  # noqa: F401 - skips where cryptography is missing
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fedstep.__main__ import main
from fedstep.secure.base64url import octets_of
from fedstep.secure.identity import Identity, has_signed


class IdentityTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "alice.pem"

    def run_(self, *arguments: str) -> str:
        """What a command prints, or says in vain."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main(["identity", *arguments])
        self.assertEqual(status, 1 if err.getvalue() else 0)
        return (out.getvalue() or err.getvalue()).strip()

    def test_a_new_one_is_shown_and_its_owners_alone(self) -> None:
        public = self.run_("new", str(self.file))
        self.assertEqual(self.run_("show", str(self.file)), public)
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o600)
        self.assertNotIn(public, self.file.read_text())
        signature = Identity.load(self.file).sign(b"message")
        self.assertTrue(has_signed(octets_of(public, 32, "it"), b"message", signature))
        self.assertFalse(has_signed(octets_of(public, 32, "it"), b"massage", signature))

    def test_one_that_is_there_is_not_overwritten(self) -> None:
        public = self.run_("new", str(self.file))
        self.assertIn("alice.pem", self.run_("new", str(self.file)))
        self.assertEqual(self.run_("show", str(self.file)), public)

    def test_a_file_of_something_else_is_told(self) -> None:
        other = X25519PrivateKey.generate()
        pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        for content, why in ((b"no key", "has no Ed25519 key"), (pem, "has a key, but none of")):
            self.file.write_bytes(content)
            self.assertIn(why, self.run_("show", str(self.file)))

    def test_keys_to_trust_come_from_a_file(self) -> None:
        trusted = self.file.with_name("trusted.json")
        trusted.write_text(json.dumps({"bob": "no key"}))
        err = io.StringIO()
        with contextlib.redirect_stderr(err):
            run = ["flower", "run", str(self.file.parent), "--model", "m"]
            self.assertEqual(main([*run, "--trusted", str(trusted)]), 1)
        self.assertIn("the trusted key of 'bob'", err.getvalue())


if __name__ == "__main__":
    unittest.main()
