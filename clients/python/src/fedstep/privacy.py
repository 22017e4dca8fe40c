"""What a private model has spent of its budget, and what a plan would cost."""

from __future__ import annotations

from .answers import Json, path_of, read_json
from .creation import Creation


class Privacy(Creation):
    """The part of a :class:`Client` that asks what differential privacy costs."""

    def privacy(self, model: str, client: str | None = None) -> Json:
        """What has been spent of a private model's budget: ``epsilon``, ``delta``, ``budget``,
        ``rounds``, ``rounds_left``, ``clip_norm``.

        Args:
            client: of this one; of the client that has paid for most rounds without.

        Raises:
            Problem: ``not-found`` of a model without ``privacy``, ``forbidden`` of another client
                where the caller is one.
        """
        query = {} if client is None else {"client": client}
        path = path_of(model) + "/privacy"
        return self._transport.request("GET", path, read_json, query=query)

    def privacy_plan(
        self,
        rounds: int,
        delta: float,
        *,
        noise_multiplier: float | None = None,
        epsilon: float | None = None,
        participation: float = 1.0,
    ) -> Json:
        """What rounds would cost, of no model: ``epsilon``, ``delta``, ``noise_multiplier``,
        ``participation``, ``rounds``.

        Args:
            noise_multiplier: the noise, in units of what one client can change of the sum.
            epsilon: in its place, a budget; the answer has the least noise with which it pays for
                all rounds.
            participation: the share of the clients that a round invites.

        Raises:
            Problem: ``malformed``, also if no noise reaches ``epsilon``.
        """
        query: dict[str, object] = {"rounds": rounds, "delta": delta}
        query["participation"] = participation
        for name, value in (("noise_multiplier", noise_multiplier), ("epsilon", epsilon)):
            if value is not None:
                query[name] = value
        path = "/v1/privacy/epsilon"
        return self._transport.request("GET", path, read_json, query=query)
