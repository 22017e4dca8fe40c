"""What an operator does from the command line."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .client import Client

Command = Callable[[Client, argparse.Namespace], Any]


def version(text: str) -> int | str:
    """A version on the command line: a number, or a tag."""
    return int(text) if text.isdecimal() else text


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _metadata(client: Client, model: str, file: Path | None) -> Any:
    if file is None:
        return client.model(model)["metadata"]
    return client.set_metadata(model, json.loads(file.read_text("utf-8")))["metadata"]


def _privacy(client: Client, options: argparse.Namespace) -> str:
    """What a model has spent, or what a plan would cost, in a sentence."""
    plan = {key: value for key in _PLAN if (value := getattr(options, key)) is not None}
    if not plan:
        spent = client.privacy(options.model, options.client)
        text = f"epsilon {spent['epsilon']:.4g}"
        if spent["budget"] is not None:
            text += f" of {spent['budget']:g}"
        text += f" at delta {spent['delta']:g}, {spent['rounds']} rounds paid for"
        return text if spent["rounds_left"] is None else f"{text}, {spent['rounds_left']} left"
    if options.model != "plan" or options.client is not None:
        raise ValueError("what belongs to a plan goes with: privacy plan")
    if "rounds" not in plan or "delta" not in plan:
        raise ValueError("a plan needs --rounds and --delta")
    cost = client.privacy_plan(**plan)
    return (
        f"epsilon {cost['epsilon']:.4g} at delta {cost['delta']:g} for {cost['rounds']} rounds "
        f"with noise_multiplier {cost['noise_multiplier']:g}"
    )


def _show(result: Any) -> None:
    """Prints a list line by line, nothing for nothing, and the rest as JSON."""
    for line in result if isinstance(result, list) else [result]:
        if line is not None:
            print(line if isinstance(line, str) else json.dumps(line, ensure_ascii=False))


_PLAN = {
    "rounds": int,
    "delta": float,
    "noise_multiplier": float,
    "epsilon": float,
    "participation": float,
}

_COMMANDS: dict[str, tuple[str, list[str], Command]] = {
    "stop": ("end training", ["model"], lambda c, o: c.stop(o.model)["phase"]),
    "start": ("resume training", ["model"], lambda c, o: c.start(o.model)["phase"]),
    "delete": ("remove a model", ["model"], lambda c, o: c.delete(o.model)),
    "undelete": ("have it back", ["model"], lambda c, o: c.undelete(o.model)["version"]),
    "deleted": ("list what can be had back", [], lambda c, o: c.deleted()),
    "copy": (
        "make a model from a version of another",
        ["new", "model", "--version"],
        lambda c, o: c.copy(o.new, o.model, o.version)["from"],
    ),
    "tags": ("list the names of versions", ["model"], lambda c, o: c.tags(o.model)),
    "tag": (
        "give a version a name, which keeps it",
        ["model", "tag", "version"],
        lambda c, o: c.tag(o.model, o.tag, o.version),
    ),
    "untag": ("take a name away", ["model", "tag"], lambda c, o: c.untag(o.model, o.tag)),
    "keep-best": (
        "have the tag best follow a metric of reports; null ends it",
        ["model", "json"],
        lambda c, o: c.set_keep_best(o.model, o.json).get("keep_best"),
    ),
    "aggregator": (
        "take another rule, such as median",
        ["model", "json"],
        lambda c, o: c.set_aggregator(o.model, o.json)["aggregator"],
    ),
    "update-bound": (
        'bound updates, such as by {"max_weight": 1000}; null ends it',
        ["model", "json"],
        lambda c, o: c.set_update_bound(o.model, o.json).get("update_bound"),
    ),
    "round-policy": (
        'take another policy, such as {"min_updates": 3}',
        ["model", "json"],
        lambda c, o: c.set_round(o.model, o.json)["round"],
    ),
    "metadata": (
        "show what is known of a model, or replace it by a file's",
        ["model", "file"],
        lambda c, o: _metadata(c, o.model, o.file),
    ),
    "failures": (
        "list the clients that failed in the open round",
        ["model"],
        lambda c, o: c.failures(o.model),
    ),
    "privacy": (
        "show what a private model has spent; privacy plan --rounds N --delta D: of no model",
        ["model", "--client", *(f"--{key.replace('_', '-')}" for key in _PLAN)],
        _privacy,
    ),
}

_ARGUMENTS: dict[str, dict[str, Any]] = {
    "version": {"type": version, "help": "a number or a tag"},
    "--version": {"type": version, "help": "a number or a tag"},
    "json": {"type": _value, "help": "JSON, or a word"},
    "--client": {"metavar": "ID", "help": "of this one"},
    "file": {"type": Path, "nargs": "?", "help": "with a JSON object"},
    **{
        f"--{key.replace('_', '-')}": {"type": kind, "help": "of a plan"}
        for key, kind in _PLAN.items()
    },
}


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the commands to those that there are."""
    for name, (what, arguments, run) in _COMMANDS.items():
        command = commands.add_parser(name, help=what)
        for argument in arguments:
            command.add_argument(argument, **_ARGUMENTS.get(argument, {}))
        command.set_defaults(command=lambda client, options, run=run: _show(run(client, options)))
