"""Clients' identities on the command line."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from .client import Client
from .problems import FedstepError


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the commands to those that there are."""
    identity = commands.add_parser("identity", help="the key that others know a client by")
    actions = identity.add_subparsers(required=True, metavar="ACTION")
    for name, what in (("new", "make one"), ("show", "show the public key of one")):
        action = actions.add_parser(name, help=what)
        action.add_argument("file", type=Path, help="that only the client may read")
        action.set_defaults(command=_identity, new=name == "new")


def add_options(run: argparse.ArgumentParser) -> None:
    """Adds what a client that trains may want."""
    run.add_argument("--identity", type=Path, metavar="FILE", help="its key, of: identity new FILE")
    run.add_argument(
        "--trusted", type=Path, metavar="FILE", help="JSON with others' public keys by their ids"
    )


def trusted(options: argparse.Namespace) -> Mapping[str, str] | None:
    """The keys in the file that the options name."""
    file: Path | None = options.trusted
    return None if file is None else dict(json.loads(file.read_text("utf-8")))


def _identity(client: Client, options: argparse.Namespace) -> None:
    try:
        from .secure.identity import Identity  # noqa: PLC0415 - wants cryptography
    except ImportError:
        raise FedstepError("this needs a package: pip install 'fedstep[secure]'") from None
    if options.new:
        Identity.new().save(options.file)
    print(Identity.load(options.file).text)
