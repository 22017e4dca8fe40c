package io.fedstep.coordinator;

import io.fedstep.round.ControlRounds;
import io.fedstep.round.Decision;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.RoundRefusals;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The open rounds of models, and the records of those that are over. */
public final class Rounds {
  private final Function<String, ModelState> models;

  /** Of the models that are given by name. */
  Rounds(Function<String, ModelState> models) {
    this.models = models;
  }

  private ModelState state(String model) {
    return models.apply(model);
  }

  /** A model that has not ended. */
  private ModelState working(String model) {
    ModelState state = state(model);
    state.durableStatus();
    return state;
  }

  /** The update that a client computed from a round's version, or null. */
  public Decision.@Nullable Accepted update(String model, long round, String client) {
    ModelState state = state(model);
    Decision.Accepted open = state.look(() -> state.round().update(client, round));
    return open != null
        ? open
        : new Admission(state).over(client, round, state.status().newest().version());
  }

  /** The documents that a stage of the open round has, by client; null if another one is open. */
  public @Nullable Map<String, Decision.Answered> documents(
      String model, long round, String stage) {
    return open(model, round, state -> Map.copyOf(state.round().documents(stage)));
  }

  /** The last stage that each client of the open round has answered; null if another is open. */
  public @Nullable SortedMap<String, String> reached(String model, long round) {
    return open(model, round, state -> state.round().reached());
  }

  /** The updates that the open round has so far, by client id; null if another round is open. */
  public @Nullable List<Decision.Accepted> open(String model, long round) {
    return open(model, round, state -> state.round().inClientOrder());
  }

  /** Of which rounds the controls are that clients of the open round have; null if another is. */
  public @Nullable ControlRounds controls(String model, long round) {
    return open(model, round, ModelState::controls);
  }

  private <T> @Nullable T open(String model, long round, Function<ModelState, T> shown) {
    ModelState state = state(model);
    return state
        .look(() -> Optional.of(state).filter(open -> open.round().number() == round).map(shown))
        .orElse(null);
  }

  /** A round of a secure model as its members see it, or why it cannot be seen. */
  public SecureRound secureRound(String model, long number) {
    ModelStatus status = state(model).durableStatus();
    status.checkWeights();
    SecureRound round = state(model).secureRound();
    if (round == null) {
      throw NotFound.secure(model).exception();
    }
    if (number > round.number()) {
      throw NotFound.record(model, number).exception();
    }
    if (number < round.number()) {
      throw RoundRefusals.over(number, round.number()).exception();
    }
    return round;
  }

  /** The last updates for a model that were refused, newest first. */
  public List<RefusedUpdate> refusals(String model) {
    return working(model).notes().refusals();
  }

  /** The last reports of a model's clients, the last is last. */
  public List<ClientReport> recentReports(String model) {
    return working(model).notes().reports();
  }

  /** The failures for a round, of clients that did not send an update since; the last is last. */
  public List<ClientFailure> failures(String model, long round) {
    return working(model).failures(round);
  }

  /** The record of a round that is over, or null. */
  public @Nullable RoundRecord record(String model, long round) {
    return record(working(model), round);
  }

  /** The records of at most {@code limit} rounds before {@code before}, newest first. */
  public List<RoundRecord> records(String model, long before, int limit) {
    ModelState state = working(model);
    return state.folder().recorded(before, limit).stream()
        .map(round -> record(state, round))
        .flatMap(Stream::ofNullable)
        .toList();
  }

  /** A record as it is kept: beside the versions it has the reports of its own, which is gone. */
  private static @Nullable RoundRecord record(ModelState state, long round) {
    return state.folder().version(round + 1) != null
        ? state.record(round)
        : state.folder().record(round);
  }
}
