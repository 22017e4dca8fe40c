"""Parses an update's JSON as a server in Python would: orjson, or json where it is not installed.

Usage: json_body.py FILE. Says "ready" and the parser's name, then answers each line with the seconds
that it took to make a float32 array of the file's bytes.
"""

import sys
import time

import numpy as np

try:
    import orjson as parser
except ImportError:
    import json as parser

with open(sys.argv[1], "rb") as file:
    text = file.read()

print("ready", parser.__name__, flush=True)
for line in sys.stdin:
    started = time.perf_counter()
    vector = np.array(parser.loads(text)["gradient"], np.float32)
    print(time.perf_counter() - started, flush=True)
