"""An app of Flower's as it lies in a folder."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .flower_client import AppStep


def load(
    folder: str | os.PathLike[str],
    *,
    node_config: Mapping[str, Any],
    run_config: Mapping[str, Any],
    train_config: Mapping[str, Any],
    own: str | None = None,
) -> AppStep:
    """The step of the ``ClientApp`` that a folder's ``pyproject.toml`` names.

    Args:
        node_config: such as ``{"partition-id": 0, "num-partitions": 3}``.
        run_config: replaces values of ``[tool.flwr.app.config]``.
        train_config: goes with the weights.
        own: ``module:name`` of what gives the app's arrays, or a module with them, where some are
            of integers.

    Raises:
        ValueError: if the folder has no such app, or a name of the run's config is not in it.
    """
    app = _settings(Path(folder))
    config = _flat(app.get("config", {}))
    unknown = run_config.keys() - config.keys()
    if unknown:
        raise ValueError(f"{sorted(unknown)[0]!r} is not in the app's config: {', '.join(config)}")
    sys.path.insert(0, str(Path(folder).resolve()))
    made: Any = None
    if own is not None:
        made = _named(own)
        made = made() if callable(made) else made
        made = made.state_dict() if hasattr(made, "state_dict") else made
    return AppStep(
        _named(app["components"]["clientapp"]),
        node_config=node_config,
        run_config=config | dict(run_config),
        train_config=train_config,
        own=made,
    )


def value(text: str) -> Any:
    """What a value on the command line means, as TOML has it; else a text."""
    try:
        return _toml().loads(f"x = {text}")["x"]
    except ValueError:
        return text


def _settings(folder: Path) -> dict[str, Any]:
    file = folder / "pyproject.toml"
    try:
        app = _toml().loads(file.read_text("utf-8"))["tool"]["flwr"]["app"]
        app["components"]["clientapp"]
    except KeyError as error:
        raise ValueError(f"{file} has no [tool.flwr.app.components] with a clientapp") from error
    return dict(app)


def _flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested tables by names with dots, as Flower has them."""
    flat: dict[str, Any] = {}
    for name, one in config.items():
        if isinstance(one, Mapping):
            flat |= _flat(one, f"{prefix}{name}.")
        else:
            flat[prefix + name] = one
    return flat


def _named(name: str) -> Any:
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _toml() -> Any:
    return importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
