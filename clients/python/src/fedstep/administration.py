"""What an administrator does with models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from .answers import Json, Version, list_in, path_of, read_json, read_nothing, vector_path
from .creation import Creation
from .messages import Body
from .problems import Problem

MOST_OVERTAKEN = 5
"""Times that rounds may come before a version that an administrator makes."""


class Administration(Creation):
    """The part of a :class:`Client` that wants an administrator's token, where there are tokens."""

    def stop(self, model: str) -> Json:
        """Ends training, until :meth:`start`."""
        return self._transport.request("POST", path_of(model) + "/stop", read_json)

    def start(self, model: str) -> Json:
        """Resumes training."""
        return self._transport.request("POST", path_of(model) + "/start", read_json)

    def restore(self, model: str, version: Version) -> Json:
        """Makes a new version with the content of an earlier one; the open round is discarded."""
        return self._make(model, "restore", "POST", vector_path(model, version, "restore"), None)

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

    def set_aggregator(self, model: str, aggregator: Any) -> Json:
        """Takes another rule of aggregation, from the open round's close on: a name, or a name and
        its config."""
        return self._put(path_of(model) + "/aggregator", aggregator)

    def set_update_bound(self, model: str, bound: Mapping[str, Any] | None) -> Json:
        """Takes another bound on updates, such as ``{"max_norm": 10.0, "max_weight": 1000}``; None
        for none."""
        return self._put(path_of(model) + "/update-bound", bound)

    def set_keep_best(self, model: str, rule: Mapping[str, Any] | None) -> Json:
        """Has the tag ``best`` follow reports, such as by ``{"metric": "accuracy"}``; None leaves
        it where it is."""
        return self._put(path_of(model) + "/keep-best", rule)

    def set_metadata(self, model: str, metadata: Mapping[str, Any]) -> Json:
        """Replaces what people and local steps want to know of a model."""
        return self._put(path_of(model) + "/metadata", dict(metadata))

    def tags(self, model: str) -> list[Json]:
        """The names of versions: each ``tag``, ``version``, ``base``."""
        return list_in(self._get(path_of(model) + "/tags"), "tags")

    def tag(self, model: str, tag: str, version: Version) -> Json:
        """Gives a version a name, which keeps it, and by which it is found; takes the name from the
        version that had it."""
        return self._put(f"{path_of(model)}/tags/{quote(tag, safe='')}", {"version": version})

    def untag(self, model: str, tag: str) -> None:
        """Takes a name away."""
        try:
            path = f"{path_of(model)}/tags/{quote(tag, safe='')}"
            self._transport.request("DELETE", path, read_nothing)
        except Problem as problem:
            if not (problem.repeated and problem.code == "tag-not-found"):
                raise

    def failures(self, model: str, number: int | None = None) -> list[Json]:
        """The clients that told that they will send nothing for a round (the open one): each
        ``client``, ``error``, ``detail``, ``at``."""
        found = self._get(path_of(model))["version"] if number is None else number
        return list_in(self._get(f"{path_of(model)}/rounds/{found}/failures"), "failures")

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
