"""Tensors that are only averaged, such as the running statistics of BatchNorm."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Protocol

from .tensors import floating, shapes


class Module(Protocol):
    """What this client asks of a torch module."""

    def state_dict(self) -> Mapping[str, Any]:
        """Its parameters and those buffers that are stored."""

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterable[tuple[str, Any]]:
        """All of its buffers."""


def buffers(module: Module) -> list[str]:
    """The names of a module's buffers of floating point that are in its ``state_dict``."""
    stored = floating(module.state_dict())
    return [name for name, _ in module.named_buffers(remove_duplicate=False) if name in stored]


def described(arrays: Mapping[str, Any], plain: Collection[str]) -> dict[str, Any]:
    """The tensors that take part as a spec has them, those that are only averaged marked.

    Args:
        plain: their names, or globs such as ``*.running_var``.

    Raises:
        ValueError: for a name or glob that no tensor fits.
    """
    found = shapes(arrays)
    tensors: dict[str, Any] = dict(found)
    for pattern in plain:
        fitting = [name for name in tensors if name == pattern or fnmatchcase(name, pattern)]
        if not fitting:
            raise ValueError(f"no tensor of floating point fits {pattern!r}, which is to be plain")
        for name in fitting:
            tensors[name] = {"shape": found[name], "step": "plain"}
    return tensors
