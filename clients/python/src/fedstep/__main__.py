"""fedstep from the command line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from . import Client, Event, FedstepError, __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    Returns:
        0, or 1 if the server refused or could not be reached.
    """
    options = _parser().parse_args(arguments)
    token = options.token_file or os.environ.get("FEDSTEP_TOKEN")
    command: Callable[[Client, argparse.Namespace], None] = options.command
    try:
        with Client(
            options.url,
            token,
            timeout=options.timeout,
            ca=options.ca,
            cert=options.cert,
            key=options.key,
        ) as client:
            command(client, options)
    except (FedstepError, OSError, ValueError) as error:
        print(f"fedstep: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fedstep", description=__doc__)
    parser.add_argument("--version", action="version", version=f"fedstep {__version__}")
    parser.add_argument(
        "--url",
        default=os.environ.get("FEDSTEP_URL", "http://127.0.0.1:8080"),
        help="the server (or FEDSTEP_URL; %(default)s)",
    )
    parser.add_argument(
        "--token-file", type=Path, metavar="FILE", help="with a bearer token (or FEDSTEP_TOKEN)"
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=60,
        metavar="SECONDS",
        help="for which to try again (%(default)s)",
    )
    parser.add_argument("--ca", metavar="FILE", help="with the authorities that sign the server")
    parser.add_argument("--cert", metavar="FILE", help="with the certificate to show")
    parser.add_argument("--key", metavar="FILE", help="with the certificate's key")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    models = commands.add_parser("models", help="list the models")
    models.set_defaults(command=_models)

    follow = commands.add_parser("follow", help="show rounds as they happen")
    follow.add_argument("model")
    follow.add_argument("--rounds", type=int, metavar="N", help="end after N more rounds")
    follow.set_defaults(command=_follow)

    pull = commands.add_parser("pull", help="save weights as a .safetensors file")
    pull.add_argument("model")
    pull.add_argument("--version", type=int, metavar="N", help="the newest by default")
    pull.add_argument("-o", "--output", type=Path, help="MODEL.safetensors by default")
    pull.set_defaults(command=_pull)

    state = commands.add_parser("state", help="export or restore the optimizer's state")
    actions = state.add_subparsers(required=True, metavar="ACTION")
    export = actions.add_parser("export", help="save it as declearn's JSON")
    export.add_argument("model")
    export.add_argument("--version", type=int, metavar="N", help="the newest by default")
    export.add_argument("-o", "--output", type=Path, help="stdout by default")
    export.set_defaults(command=_export_state)
    restore = actions.add_parser("restore", help="make a version with a saved state")
    restore.add_argument("model")
    restore.add_argument("file", type=Path)
    restore.set_defaults(command=_restore_state)
    return parser


def _models(client: Client, options: argparse.Namespace) -> None:
    keys = ("model", "version", "phase", "parameters", "dtype")
    rows = [tuple(key.upper() for key in keys)]
    for model in client.models():
        rows.append(tuple(str(model.get(key, "-")) for key in keys))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print(
            "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        )


def _follow(client: Client, options: argparse.Namespace) -> None:
    ended = 0
    for event in client.events(options.model):
        print(_line(event), flush=True)
        if event.name in ("round-completed", "round-discarded"):
            ended += 1
            if ended == options.rounds:
                return


def _line(event: Event) -> str:
    data = event.data
    text = f"round {data['round']}: "
    match event.name:
        case "round-opened":
            text += f"opened, {data['updates']} of {data['max_updates']} updates"
        case "update-accepted":
            text += f"{data['updates']} of {data['max_updates']} updates"
        case "round-completed":
            means = "".join(f", {name} {mean:.4g}" for name, mean in data["metrics"].items())
            text += f"{data['outcome']} by {data['closed_by']}, {data['updates']} updates{means}"
        case "deadline-passed":
            text += f"deadline passed with {data['updates']} of {data['min_updates']} updates"
        case _:
            text += event.name.removeprefix("round-").replace("-", " ")
    return text


def _pull(client: Client, options: argparse.Namespace) -> None:
    target = options.output or Path(f"{options.model}.safetensors")
    version = client.pull(options.model, target, options.version)
    print(f"version {version} of {options.model} is in {target}")


def _export_state(client: Client, options: argparse.Namespace) -> None:
    state = client.optimizer_state(options.model, options.version)
    if options.output is None:
        sys.stdout.buffer.write(state)
    else:
        options.output.write_bytes(state)
        print(f"the state of {options.model} is in {options.output}")


def _restore_state(client: Client, options: argparse.Namespace) -> None:
    made = client.set_optimizer_state(options.model, options.file.read_bytes())
    print(f"version {made['version']} of {options.model} has this state")


if __name__ == "__main__":
    sys.exit(main())
