"""Runs all tests, or those whose name has one of some words:

python clients/python/tests [WORD ...]
"""

from __future__ import annotations

import signal
import sys
import unittest
from pathlib import Path


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers end as well
    folder = str(Path(__file__).resolve().parent)
    sys.path.insert(0, folder)
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{word}*" for word in sys.argv[1:]] or None
    suite = loader.discover(folder)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    for test, reason in result.skipped:
        print(f"skipped {test}: {reason}")
    failures = [test for test, _ in [*result.failures, *result.errors]]
    whole = {getattr(test, "test_case", test) for test in failures}  # of which a subtest may fail
    failed = len(whole) + len(result.unexpectedSuccesses)
    skipped = len(result.skipped)
    print(f"{result.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


sys.exit(main())
