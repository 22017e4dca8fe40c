"""fedstep from the command line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from . import Client, Event, FedstepError, __version__, identities, operate


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
            identity=options.identity,
            trusted=identities.trusted(options),
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
    parser.set_defaults(identity=None, trusted=None)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    models = commands.add_parser("models", help="list the models")
    models.set_defaults(command=_models)

    follow = commands.add_parser("follow", help="show rounds as they happen")
    follow.add_argument("model")
    follow.add_argument("--rounds", type=int, metavar="N", help="end after N more rounds")
    follow.set_defaults(command=_follow)

    pull = commands.add_parser("pull", help="save weights as a .safetensors file")
    pull.add_argument("model")
    pull.add_argument(
        "--version", type=operate.version, metavar="N", help="or a tag; the newest by default"
    )
    pull.add_argument("-o", "--output", type=Path, help="MODEL.safetensors by default")
    pull.set_defaults(command=_pull)

    state = commands.add_parser("state", help="export or restore the optimizer's state")
    actions = state.add_subparsers(required=True, metavar="ACTION")
    export = actions.add_parser("export", help="save it as declearn's JSON")
    export.add_argument("model")
    export.add_argument(
        "--version", type=operate.version, metavar="N", help="or a tag; the newest by default"
    )
    export.add_argument("-o", "--output", type=Path, help="stdout by default")
    export.set_defaults(command=_export_state)
    restore = actions.add_parser("restore", help="make a version with a saved state")
    restore.add_argument("model")
    restore.add_argument("file", type=Path)
    restore.set_defaults(command=_restore_state)

    operate.add(commands)
    identities.add(commands)

    flower = commands.add_parser("flower", help="train with an app of Flower's")
    run = flower.add_subparsers(required=True, metavar="ACTION").add_parser(
        "run", help="train with the ClientApp of a folder, until training stops"
    )
    run.add_argument("folder", type=Path, metavar="DIR", help="with the app's pyproject.toml")
    run.add_argument("--model", required=True)
    run.add_argument("--client-id", metavar="ID", help="partition-N by default")
    run.add_argument("--partition", type=int, default=0, metavar="N", help="of the data")
    run.add_argument("--partitions", type=int, default=1, metavar="N", help="how many there are")
    for name, what in (
        ("node-config", "what the app's Context tells of this node"),
        ("run-config", "in place of the pyproject.toml's"),
        ("train-config", "what the app's server would send with the weights, such as lr=0.1"),
    ):
        run.add_argument(f"--{name}", nargs="*", default=[], metavar="KEY=VALUE", help=what)
    run.add_argument(
        "--own", metavar="MODULE:NAME", help="the app's model, where it has arrays of integers"
    )
    identities.add_options(run)
    run.add_argument("--no-evaluate", action="store_true", help="report nothing")
    run.add_argument("--stay", action="store_true", help="wait where training is stopped")
    run.set_defaults(command=_run_flower)
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
    if event.name == "reported":
        return f"version {data['version']}: {data['client']} reports {_listed(data['metrics'])}"
    updates = data.get("updates")  # None where the caller may not know
    match event.name:
        case "round-opened" if updates is None:
            what = "opened"
        case "round-opened":
            what = f"opened, {updates} of {data['max_updates']} updates"
        case "update-accepted" if updates is not None:
            what = f"{updates} of {data['max_updates']} updates"
        case "round-completed":
            many = "" if updates is None else f", {updates} updates"
            means = f", {_listed(data['metrics'])}" if data["metrics"] else ""
            what = f"{data['outcome']} by {data['closed_by']}{many}{means}"
        case "deadline-passed" if updates is not None:
            what = f"deadline passed with {updates} of {data['min_updates']} updates"
        case "client-failed":
            what = f"{data['client']} sends no update: {data['error']}"
        case "update-refused":
            what = f"an update of {data['client']} was refused: {data['code']}"
        case _:
            what = event.name.removeprefix("round-").replace("-", " ")
            what += f": {data['reason']}" if "reason" in data else ""
    return f"round {data['round']}: {what}"


def _listed(metrics: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {mean:.4g}" for name, mean in metrics.items())


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


def _run_flower(client: Client, options: argparse.Namespace) -> None:
    from . import flower_app  # noqa: PLC0415 - wants Flower

    def pairs(texts: Sequence[str]) -> dict[str, object]:
        split = [text.partition("=") for text in texts]
        return {key: flower_app.value(value) for key, _, value in split}

    node = {"partition-id": options.partition, "num-partitions": options.partitions}
    step = flower_app.load(
        options.folder,
        node_config=node | pairs(options.node_config),
        run_config=pairs(options.run_config),
        train_config=pairs(options.train_config),
        own=options.own,
    )
    client.client_id = options.client_id or f"partition-{options.partition}"
    evaluate = None if options.no_evaluate else step.evaluate
    weights = client.train(options.model, step, evaluate=evaluate, stay=options.stay)
    print(f"training of {options.model} ended with version {weights.version}")


if __name__ == "__main__":
    sys.exit(main())
