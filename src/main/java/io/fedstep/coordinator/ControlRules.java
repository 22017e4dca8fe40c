package io.fedstep.coordinator;

import io.fedstep.optim.ScaffoldServer;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Control;
import io.fedstep.round.ControlRounds;
import io.fedstep.round.Round;
import io.fedstep.round.UpdateMetadata;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What an update says of how it was computed: in a model with SCAFFOLD, and in others nothing. */
final class ControlRules {
  private ControlRules() {}

  /**
   * Why an update for the open round is not let in, or null; the lock is held.
   *
   * @param known what it says, as far as that has come
   * @param isAll whether it says no more
   */
  static @Nullable Refusal of(
      ModelState state, String client, UpdateMetadata known, boolean isAll) {
    if (!state.spec().hasControls()) {
      return known.localRate() == null && known.control() == null ? null : unwanted(state.model());
    }
    if (isAll && known.localRate() == null) {
      return Refusal.of(
          Problem.BAD_RATE,
          "local_rate is missing: model '%s' has scaffold-server.".formatted(state.model()));
    }
    Refusal other =
        isAll || known.control() != null
            ? differing(client, state.controls().of(client), known.control())
            : null;
    return other != null ? other : tooMany(state, client);
  }

  private static Refusal unwanted(String model) {
    return Refusal.of(
        Problem.BAD_RATE,
        "Model '%s' has no scaffold-server; local_rate and control are of no use."
            .formatted(model));
  }

  private static @Nullable Refusal differing(
      String client, @Nullable Long expected, @Nullable Control control) {
    Long actual =
        switch (control) {
          case Control.Of(long round) -> (Long) round;
          case Control.None _ -> null;
          case null -> null;
          case Control.Lost _ -> expected;
        };
    return Optional.ofNullable(expected).equals(Optional.ofNullable(actual))
        ? null
        : Refusal.of(
                Problem.CONTROL_DIFFERS,
                ("The model holds %s of client '%s', and the update was computed with %s; who has"
                        + " not got that one says lost.")
                    .formatted(said(expected), client, said(actual)))
            .with("expected", Optional.ofNullable(expected))
            .with("actual", Optional.ofNullable(actual));
  }

  private static String said(@Nullable Long round) {
    return round == null ? "no control" : "the control of round " + round;
  }

  private static @Nullable Refusal tooMany(ModelState state, String client) {
    ControlRounds controls = state.controls();
    Round round = state.round();
    if (controls.of(client) != null
        || controls.size() + round.updates() < ScaffoldServer.MOST_CLIENTS) {
      return null;
    }
    long others = round.view().stream().filter(one -> controls.of(one.client()) == null).count();
    return controls.size() + others < ScaffoldServer.MOST_CLIENTS
        ? null
        : Refusal.of(
                Problem.TOO_MANY_REQUESTS,
                "Model '%s' holds controls of %s clients, as many as there may be."
                    .formatted(state.model(), ScaffoldServer.MOST_CLIENTS))
            .retryAfter(60);
  }
}
