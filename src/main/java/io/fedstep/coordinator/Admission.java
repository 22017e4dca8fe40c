package io.fedstep.coordinator;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Decision;
import io.fedstep.round.Round;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.round.VectorSummary;
import io.fedstep.round.Verdict;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Who may send an update, whose update enters, and what is said to one whose round is over. */
public final class Admission {
  private final ModelState state;

  /** The rules for a model. */
  public Admission(ModelState state) {
    this.state = state;
  }

  /**
   * Lets an update send its numbers, or throws the refusal.
   *
   * @return the update that its client has in the round already, with which it is compared, or null
   */
  public Decision.@Nullable Accepted begin(long from, String client, @Nullable String base) {
    Verdict verdict =
        state.look(
            () -> beginOpen(from, client, base), begun -> !(begun instanceof Verdict.Welcome));
    return switch (verdict) {
      case null -> beginOver(from, client);
      case Verdict.Repeats repeats -> repeats.earlier();
      case Verdict.Refused refused -> throw refused.refusal().exception();
      case Verdict.Welcome _, Verdict.Enters _ -> null;
    };
  }

  /** The answer of the open round, or null if the update is for one that is over. */
  private @Nullable Verdict beginOpen(long from, String client, @Nullable String base) {
    if (state.awaitsWeights()) {
      return new Verdict.Refused(ModelState.noWeights(state.model()));
    }
    Round open = state.round();
    if (from > open.number()) {
      Refusal refusal =
          Refusal.of(
                  Problem.ROUND_NOT_OPEN,
                  "Round %s is not open yet; round %s is.".formatted(from, open.number()))
              .with("current_round", open.number());
      return new Verdict.Refused(whileClosing(refusal));
    }
    Round.Origin origin = state.origin(from);
    if (origin == null) {
      return null;
    }
    Decision.Accepted earlier = state.earlier(client, from);
    if (earlier != null) {
      return new Verdict.Repeats(earlier);
    }
    // into a buffer it goes in any case: once the closed round is over, if that has no room
    if (!(state.isClosing() && state.isBuffered())
        && open.admit(client, origin, base) instanceof Verdict.Refused refused) {
      return new Verdict.Refused(whileClosing(refused.refusal()));
    }
    if (state.stopped()) {
      return new Verdict.Refused(stopped());
    }
    if (!state.invites(from, client)) {
      return new Verdict.Refused(
          Refusal.of(
              Problem.NOT_INVITED,
              "Client '%s' is not invited to round %s; GET rounds/current?client= tells it."
                  .formatted(client, from)));
    }
    return new Verdict.Welcome();
  }

  /** The refusal of an update that is not in the open round of a stopped model. */
  private Refusal stopped() {
    return Refusal.of(
        Problem.TRAINING_STOPPED,
        "Training of model '%s' is stopped; its weights can be read.".formatted(state.model()));
  }

  private Refusal whileClosing(Refusal refusal) {
    return state.isClosing() ? refusal.retryAfter(1) : refusal;
  }

  private Decision.Accepted beginOver(long from, String client) {
    long current = state.status().newest().version();
    Decision.Accepted update = over(client, from, current);
    if (update != null) {
      return update;
    }
    throw refusal(from, current).exception();
  }

  /** The refusal of an update in none of the rounds that are over and whose records are kept. */
  private Refusal refusal(long from, long current) {
    Refusal refusal = Round.over(from, current);
    for (long round = from; round <= last(from, current); round++) {
      if (state.record(round) == null) {
        return refusal.with("recorded", false);
      }
    }
    return refusal;
  }

  /** The last round that is over and can have an update from a version. */
  private long last(long from, long current) {
    return Math.min(current - 1, from + state.spec().round().maxStaleness());
  }

  /** The update that a client computed from a version, in a round that is over, or null. */
  Decision.@Nullable Accepted over(String client, long from, long current) {
    for (long round = from; round <= last(from, current); round++) {
      RoundRecord record = state.record(round);
      Decision.Accepted update = record == null ? null : record.update(client, from);
      if (update != null) {
        return update;
      }
    }
    return null;
  }

  /** Whether an update can be decided by the open round; the lock is held. */
  public boolean isForOpen(long from) {
    return state.origin(from) != null && (!state.isClosing() || state.isBuffered());
  }

  /**
   * The verdict on an update whose numbers are in {@code row}, or null if it came too late; welcome
   * if it is for the next round. The lock is held.
   */
  public @Nullable Verdict decide(
      long from,
      String client,
      int row,
      UpdateMetadata header,
      VectorSummary content,
      Instant now) {
    if (state.awaitsWeights()) {
      return new Verdict.Refused(ModelState.noWeights(state.model()));
    }
    Round round = state.round();
    Round.Origin origin = state.origin(from);
    if (origin == null) {
      return null; // the round was discarded while this one waited, or there were many since
    }
    Decision.Accepted earlier = state.earlier(client, from);
    if (earlier != null) {
      return Round.repeat(earlier, header.weight(), content);
    }
    if (state.stopped()) {
      return new Verdict.Refused(stopped());
    }
    if (state.isClosing() && (state.isBuffered() || round.closed() == null)) { // or replaced
      return state.hasNoRoom() ? new Verdict.Refused(state.noRoom()) : new Verdict.Welcome();
    }
    Refusal beyond =
        round.closed() != null
            ? null
            : BoundRules.of(state.spec().updateBound(), header.weight(), content.norm());
    return beyond != null
        ? new Verdict.Refused(beyond)
        : round.accept(client, origin, row, header, content, now);
  }

  /** The verdict on an update whose round ended while its numbers came. */
  public Verdict late(long from, String client, UpdateMetadata header, VectorSummary content) {
    ModelStatus status = state.status();
    long current = status.newest().version();
    Decision.Accepted inOpen = state.locked(() -> state.round().update(client, from));
    Decision.Accepted earlier = inOpen != null ? inOpen : over(client, from, current);
    if (earlier != null) {
      return Round.repeat(earlier, header.weight(), content);
    }
    return new Verdict.Refused(
        current == from ? Round.over(from, from + 1).retryAfter(1) : refusal(from, current));
  }
}
