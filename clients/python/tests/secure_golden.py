"""The golden files of secure aggregation, and skips where its package is missing."""

from __future__ import annotations

import functools
import json
import struct
import unittest
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from support import GOLDEN

try:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
except ImportError as error:
    raise unittest.SkipTest("cryptography is not installed: fedstep[secure]") from error

from fedstep.secure.identity import Identity
from fedstep.secure.roster import Start
from fedstep.secure.settings import Settings
from fedstep.tensors import Arrays

PRIMITIVES = json.loads((GOLDEN / "secure/primitives.json").read_text())
ROUNDS = [json.loads(file.read_text()) for file in sorted((GOLDEN / "secure").glob("round-*.json"))]
PINNED = next(round for round in ROUNDS if round["spec"]["secure"]["identities"] == "pinned")


def cases(name: str) -> Iterator[tuple[dict[str, Any], Callable[[str], bytes]]]:
    """The cases of a primitive, each with what reads the hex of one of its members."""
    for case in PRIMITIVES[name]:
        yield case, functools.partial(_octets, case)


def _octets(case: dict[str, Any], key: str) -> bytes:
    return bytes.fromhex(case[key])


def double(text: str) -> float:
    """A double from big-endian hex."""
    return float(struct.unpack(">d", bytes.fromhex(text))[0])


def tensors(round: dict[str, Any], values: str) -> Arrays:
    """A vector of a round, by the names of its tensors."""
    flat = np.frombuffer(bytes.fromhex(values), "<" + round["dtype"])
    named, at = {}, 0
    for name, shape in round["spec"]["tensors"].items():
        size = int(np.prod(shape))
        named[name] = flat[at : at + size].reshape(shape)
        at += size
    return named


def start_of(round: dict[str, Any]) -> Start:
    """What a round trains from."""
    return Start.of(round["model"], round["round"], round["base"], tensors(round, round["weights"]))


def settings_of(round: dict[str, Any]) -> Settings:
    return Settings.of(round["spec"])


def identity_of(member: dict[str, Any]) -> Identity | None:
    private = member.get("identity_private")
    if private is None:
        return None
    return Identity(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(private)))


def told(round: dict[str, Any], method: str, what: str, client: str = "") -> Any:
    """The answer of a GET, which stands once where all get the same, or a PUT with its body."""
    path = f"/v1/models/{round['model']}/rounds/{round['round']}/{what}"
    found = {
        request["path"].partition("?")[0]: request
        for request in round["requests"]
        if request["method"] == method and request["path"].startswith(path)
    }
    if method == "PUT":
        return found[f"{path}/{client}"]
    return found.get(f"{path}/{client}", next(iter(found.values())))["answer"]
