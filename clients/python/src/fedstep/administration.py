"""What an administrator does with models."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from .answers import Json, list_in, path_of, read_json, read_nothing
from .messages import Body
from .problems import Problem
from .tensors import common_dtype, encode, shapes, staying
from .transport import Transport

MOST_OVERTAKEN = 5
"""Times that rounds may come before a version that an administrator makes."""

log = logging.getLogger("fedstep")


class Administration:
    """The part of a :class:`Client` that wants an administrator's token, where there are tokens."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        model: str,
        arrays: Mapping[str, Any],
        *,
        optimizer: Mapping[str, Any] | None = None,
        aggregator: Any = None,
        round: Mapping[str, Any] | None = None,
        dtype: str | None = None,
        **more: Any,
    ) -> Json:
        """Creates a model with these arrays as version 0; if it is there already with the same
        tensors and dtype, it stays as it is, and a warning tells what else differs. Arrays of
        integers, such as ``num_batches_tracked``, stay with each client.

        Args:
            arrays: the tensors by name, or a torch ``state_dict``.
            optimizer: declearn's config; the server's default is RMSProp with ``lrate`` 0.01.
            aggregator: a name, or a name and its config.
            round: such as ``{"min_updates": 3, "max_updates": 10, "timeout": "30s"}``.
            dtype: ``"float32"`` unless an array is float64.
            more: other keys of the spec, such as ``update_bound``.

        Returns:
            The model, as :meth:`model` gives it.

        Raises:
            Problem: ``model-exists`` if there is one with other tensors, ``bad-spec``.
            TypeError: for arrays of complex numbers, 8-bit floats and other things.
        """
        for name in staying(arrays):
            log.info("%r of %r is of integers and stays with each client", name, model)
        spec = {"tensors": shapes(arrays), "dtype": dtype or common_dtype(arrays), **more}
        for key, value in (("optimizer", optimizer), ("aggregator", aggregator), ("round", round)):
            if value is not None:
                spec[key] = value
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
        return self._get(path_of(model))

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
        log.warning("%r is there already, with other %s", model, ", ".join(differs))

    def delete(self, model: str) -> None:
        """Removes a model and all that was stored of it."""
        try:
            self._transport.request("DELETE", path_of(model), read_nothing)
        except Problem as problem:
            if not (problem.repeated and problem.code == "model-not-found"):
                raise

    def stop(self, model: str) -> Json:
        """Ends training, until :meth:`start`."""
        return self._transport.request("POST", path_of(model) + "/stop", read_json)

    def start(self, model: str) -> Json:
        """Resumes training."""
        return self._transport.request("POST", path_of(model) + "/start", read_json)

    def restore(self, model: str, version: int) -> Json:
        """Makes a new version with the content of an earlier one; the open round is discarded."""
        return self._make(
            model, "restore", "POST", f"{path_of(model)}/versions/{version}/restore", None
        )

    def close_round(self, model: str) -> Json:
        """Closes the open round with what is in it.

        Raises:
            Problem: ``too-few-updates``.
            Unreachable: also if the answer is lost, for a repeat might close the next round.
        """
        path = path_of(model) + "/rounds/current/close"
        return self._transport.request("POST", path, read_json, repeat=False, wait=600)

    def set_round(self, model: str, policy: Mapping[str, Any]) -> Json:
        """Replaces the round policy at once."""
        return self._put(path_of(model) + "/round", dict(policy))

    def set_optimizer(self, model: str, config: Mapping[str, Any]) -> Json:
        """Takes other hyper-parameters for the same modules, from the next round's close on."""
        return self._put(path_of(model) + "/optimizer", dict(config))

    def set_optimizer_state(self, model: str, state: bytes | str) -> Json:
        """Restores such a state: a new version with the newest weights; the open round is
        discarded.

        Raises:
            Problem: ``bad-state``, naming the place.
        """
        content = state.encode() if isinstance(state, str) else state
        path = path_of(model) + "/optimizer/state"
        return self._make(model, "state", "PUT", path, Body.of("application/json", content))

    def _make(self, model: str, made_by: str, method: str, path: str, body: Body | None) -> Json:
        """Has a version made, by a request that names the newest one: repeated, it does not make
        two. Where a round makes one first, it names that."""
        for tries in range(MOST_OVERTAKEN):
            newest = int(self._get(path_of(model))["version"])
            try:
                return self._transport.request(
                    method, path, read_json, query={"newest": newest}, body=body, wait=600
                )
            except Problem as problem:
                if problem.code != "version-differs":
                    raise
                if problem.repeated:
                    for version in list_in(self._get(path_of(model) + "/versions"), "versions"):
                        if version["version"] == newest + 1 and version["made_by"] == made_by:
                            return {"model": model, "version": newest + 1, "base": version["base"]}
                if tries == MOST_OVERTAKEN - 1:
                    raise
        raise AssertionError

    def _get(self, path: str) -> Json:
        return self._transport.request("GET", path, read_json)

    def _put(self, path: str, document: Json) -> Json:
        return self._transport.request("PUT", path, read_json, body=json_body(document))


def json_body(document: Json) -> Body:
    """An object as the body of a request."""
    return Body.of("application/json", json.dumps(document).encode())
