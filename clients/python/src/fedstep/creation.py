"""Models that are made, copied and removed."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from .answers import (
    Json,
    Version,
    list_in,
    path_of,
    read_json,
    read_nothing,
    read_weights,
    vector_path,
)
from .messages import Body
from .plain import Module, buffers, described
from .problems import Problem
from .secure.rules import Told
from .tensors import SAFETENSORS, as_array, common_dtype, encode, staying
from .transport import Transport

log = logging.getLogger("fedstep")


class Creation:
    """The part of a :class:`Client` by which there are models."""

    def __init__(self, transport: Transport, *, always_secure: bool = False) -> None:
        self._transport = transport
        self.told = Told(always_secure)

    def models(self) -> list[Json]:
        """The models that the caller may see, without their tensors."""
        return list_in(self._get("/v1/models"), "models")

    def model(self, model: str) -> Json:
        """A model's spec, newest version and phase."""
        return self.told.seen(model, self._get(path_of(model)))

    def create(
        self,
        model: str,
        arrays: Mapping[str, Any] | Module,
        *,
        plain: Collection[str] | None = None,
        optimizer: Mapping[str, Any] | None = None,
        aggregator: Any = None,
        round: Mapping[str, Any] | None = None,
        dtype: str | None = None,
        secure: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Json:
        """Creates a model with these arrays as version 0, from which nobody can train before they
        are there; if it is there already with the same tensors, dtype and version 0, it stays as it
        is, and a warning tells what else differs. Arrays of integers, such as
        ``num_batches_tracked``, stay with each client.

        Args:
            arrays: the tensors by name, such as a torch ``state_dict``, or a torch module.
            plain: names or globs of tensors that are only averaged, such as
                ``["*.running_mean", "*.running_var"]``: the optimizer does not step them. Of a
                module they are its buffers of floating point, unless others are named.
            optimizer: declearn's config; the server's default is RMSProp with ``lrate`` 0.01.
            aggregator: a name, or a name and its config.
            round: such as ``{"min_updates": 3, "max_updates": 10, "timeout": "30s"}``.
            dtype: ``"float32"`` unless an array is float64.
            secure: such as ``{"clip": 8.0, "metrics": ["loss"]}``: the server sees sums of updates
                alone, and the model stays secure for this client whatever the server says later.
            more: other keys of the spec, such as ``update_bound``, ``metadata``, ``keep_best``.

        Returns:
            The model, as :meth:`model` gives it.

        Raises:
            Problem: ``model-exists`` if there is one with other tensors, ``already-started`` if its
                version 0 is another, ``bad-spec``.
            TypeError: for arrays of complex numbers, 8-bit floats and other things.
            ValueError: for a name or glob in ``plain`` that no tensor fits.
        """
        if not isinstance(arrays, Mapping):
            if plain is None:
                plain = buffers(arrays)
                if plain:
                    log.info("%r only averages its module's buffers: %s", model, ", ".join(plain))
            arrays = arrays.state_dict()
        for name in staying(arrays):
            log.info("%r of %r is of integers and stays with each client", name, model)
        spec = {"tensors": described(arrays, plain or ()), "dtype": dtype or common_dtype(arrays)}
        spec |= {"weights": "required", **more}
        given = {"optimizer": optimizer, "aggregator": aggregator, "round": round, "secure": secure}
        spec |= {key: value for key, value in given.items() if value is not None}
        if secure is not None:
            self.told.secure(model)
        try:
            self._put(path_of(model), spec)
        except Problem as problem:
            self._accept_other(model, spec, problem)
        try:
            self._transport.request(
                "PUT", path_of(model) + "/weights", read_json, body=encode(arrays)
            )
        except Problem as problem:
            if problem.code not in ("already-started", "training-stopped"):
                raise
            if not self._begins_with(model, arrays):
                raise
        return self.told.seen(model, self._get(path_of(model)))

    def _accept_other(self, model: str, spec: Json, problem: Problem) -> None:
        """Takes a model that has other settings, and says so; not one of other tensors."""
        if problem.code != "model-exists":
            raise problem
        there = self._get(path_of(model))
        if list(there["tensors"].items()) != list(spec["tensors"].items()):
            raise problem
        if there["dtype"] != spec["dtype"]:
            raise problem
        differs = problem.members.get("differs", sorted(spec.keys() - {"tensors", "dtype"}))
        differs = [key for key in differs if key != "weights"]  # they are looked at by themselves
        if differs:
            log.warning("%r is there already, with other %s", model, ", ".join(differs))

    def _begins_with(self, model: str, arrays: Mapping[str, Any]) -> bool:
        """Whether these are the weights of version 0, or nobody can tell any more."""
        try:
            first = self._transport.request(
                "GET", vector_path(model, 0, "weights"), read_weights, headers=_ACCEPT
            )
        except Problem as problem:
            if problem.code != "version-not-found":
                raise
            return True
        return all(
            np.array_equal(array, as_array(arrays[name], array.dtype))
            for name, array in first.arrays.items()
        )

    def copy(self, new: str, model: str, version: Version | None = None, **other: Any) -> Json:
        """Creates a model from a version of another one: its spec, metadata, weights and the
        optimizer's state.

        Args:
            new: the name of the copy.
            version: a number or a tag; the newest without.
            other: keys of the spec that are to be others, such as ``round``.

        Returns:
            The copy, as :meth:`model` gives it.
        """
        source = {"model": model} | ({} if version is None else {"version": version})
        return self.told.seen(new, self._put(path_of(new), {"from": source, **other}))

    def delete(self, model: str) -> None:
        """Removes a model and all that was stored of it; for a while it can be had back."""
        try:
            self._transport.request("DELETE", path_of(model), read_nothing)
        except Problem as problem:
            if not (problem.repeated and problem.code == "model-not-found"):
                raise

    def undelete(self, model: str) -> Json:
        """Has a removed model back as it was.

        Raises:
            Problem: ``model-exists`` if there is another by now, ``model-not-found``.
        """
        try:
            return self._transport.request("POST", path_of(model) + "/undelete", read_json)
        except Problem as problem:
            if not (problem.repeated and problem.code == "model-exists"):
                raise
            return self._get(path_of(model))

    def deleted(self) -> list[Json]:
        """The models that were removed and can still be had back."""
        return list_in(self._get("/v1/deleted"), "deleted")

    def _get(self, path: str) -> Json:
        return self._transport.request("GET", path, read_json)

    def _put(self, path: str, document: Any) -> Json:
        return self._transport.request("PUT", path, read_json, body=json_body(document))


_ACCEPT = {"Accept": SAFETENSORS}


def json_body(document: Any) -> Body:
    """A document as the body of a request."""
    return Body.of("application/json", json.dumps(document).encode())
