package io.fedstep.coordinator;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Decision;
import io.fedstep.round.Round;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.RoundRefusals;
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
    Verdict<Decision.Accepted> verdict =
        state.look(
            () -> beginOpen(from, client, base),
            begun -> !(begun instanceof Verdict.Welcome<Decision.Accepted>));
    return switch (verdict) {
      case null -> beginOver(from, client);
      case Verdict.Repeats(var earlier) -> earlier;
      case Verdict.Refused(var refusal) -> throw refusal.exception();
      case Verdict.Welcome<Decision.Accepted> _, Verdict.Enters<Decision.Accepted> _ -> null;
    };
  }

  /** The answer of the open round, or null if the update is for one that is over. */
  private @Nullable Verdict<Decision.Accepted> beginOpen(
      long from, String client, @Nullable String base) {
    if (state.awaitsWeights()) {
      return new Verdict.Refused<>(ModelStatus.noWeights(state.model()));
    }
    Round open = state.round();
    if (from > open.number()) {
      return new Verdict.Refused<>(notOpen(from));
    }
    Round.Origin origin = state.origin(from);
    if (origin == null) {
      return null;
    }
    Decision.Accepted earlier = state.earlier(client, from);
    if (earlier != null) {
      return new Verdict.Repeats<>(earlier);
    }
    // into a buffer it goes in any case: once the closed round is over, if that has no room
    if (!(state.isClosing() && state.isBuffered())
        && open.admit(client, origin, base) instanceof Verdict.Refused(var refusal)) {
      return new Verdict.Refused<>(whileClosing(refusal));
    }
    if (state.isSpent(client)) {
      return new Verdict.Refused<>(spent(client));
    }
    if (state.stopped()) {
      return new Verdict.Refused<>(stopped());
    }
    return open.stage() > 0 || state.invites(from, client)
        ? new Verdict.Welcome<>()
        : new Verdict.Refused<>(notInvited(from, client));
  }

  private static Refusal notInvited(long from, String client) {
    return Refusal.of(
        Problem.NOT_INVITED,
        "Client '%s' is not invited to round %s; GET rounds/current?client= tells it."
            .formatted(client, from));
  }

  private Refusal notOpen(long number) {
    long open = state.round().number();
    return whileClosing(
        Refusal.of(
                Problem.ROUND_NOT_OPEN,
                "Round %s is not open yet; round %s is.".formatted(number, open))
            .with("current_round", open));
  }

  private static Refusal spent(String client) {
    return Refusal.of(
        Problem.BUDGET_SPENT,
        "Client '%s' has spent its privacy budget: one more round would exceed the model's epsilon."
            .formatted(client));
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
    Refusal refusal = RoundRefusals.over(from, current);
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
  public @Nullable Verdict<Decision.Accepted> decide(
      long from,
      String client,
      int row,
      UpdateMetadata header,
      VectorSummary content,
      Instant now) {
    if (state.awaitsWeights()) {
      return new Verdict.Refused<>(ModelStatus.noWeights(state.model()));
    }
    Round round = state.round();
    Round.Origin origin = state.origin(from);
    if (origin == null) {
      return null; // the round was discarded while this one waited, or there were many since
    }
    Decision.Accepted earlier = state.earlier(client, from);
    if (earlier != null) {
      return Round.repeat(earlier, header, content);
    }
    if (state.stopped()) {
      return new Verdict.Refused<>(stopped());
    }
    if (state.isClosing() && (state.isBuffered() || round.closed() == null)) { // or replaced
      return state.hasNoRoom() ? new Verdict.Refused<>(state.noRoom()) : new Verdict.Welcome<>();
    }
    Refusal beyond = round.closed() != null ? null : beyond(client, header, content);
    return beyond != null
        ? new Verdict.Refused<>(beyond)
        : round.accept(client, origin, row, header, content, now);
  }

  private @Nullable Refusal beyond(String client, UpdateMetadata header, VectorSummary content) {
    Refusal beyond = BoundRules.of(state.spec().updateBound(), header.weight(), content.norm());
    return beyond != null ? beyond : ControlRules.of(state, client, header, true);
  }

  /**
   * Lets a document for a stage of the open round come, or throws the refusal.
   *
   * @return the one that its client has there already, with which it is compared, or null
   */
  Decision.@Nullable Answered beginDocument(long number, String stage, String client) {
    Verdict<Decision.Answered> verdict = state.look(() -> admit(number, stage, client));
    return switch (verdict) {
      case Verdict.Repeats(var earlier) -> earlier;
      case Verdict.Refused(var refusal) -> throw refusal.exception();
      case Verdict.Welcome<Decision.Answered> _, Verdict.Enters<Decision.Answered> _ -> null;
    };
  }

  private Verdict<Decision.Answered> admit(long number, String stage, String client) {
    if (state.awaitsWeights()) {
      return new Verdict.Refused<>(ModelStatus.noWeights(state.model()));
    }
    Round round = state.round();
    if (number != round.number()) {
      return new Verdict.Refused<>(elsewhere(number, round));
    }
    Verdict<Decision.Answered> verdict = round.admit(stage, client);
    if (verdict instanceof Verdict.Refused<Decision.Answered>(var refusal)) {
      return new Verdict.Refused<>(whileClosing(refusal));
    }
    if (!(verdict instanceof Verdict.Welcome<Decision.Answered>)) {
      return verdict;
    }
    return unlessKeptOut(verdict, round, client);
  }

  /**
   * The verdict on a document for a stage of the open round, in one that is stopped too. The lock
   * is held.
   */
  public Verdict<Decision.Answered> decide(
      long number, String stage, String client, String document, Instant now) {
    if (state.awaitsWeights()) {
      return new Verdict.Refused<>(ModelStatus.noWeights(state.model()));
    }
    Round round = state.round();
    if (number != round.number()) {
      return new Verdict.Refused<>(elsewhere(number, round));
    }
    if (state.isClosing() && round.closed() == null) { // its version exists, or is being replaced
      return new Verdict.Refused<>(
          state.hasNoRoom()
              ? state.noRoom()
              : RoundRefusals.over(number, number + 1).retryAfter(1));
    }
    Verdict<Decision.Answered> verdict = round.answer(stage, client, document, now);
    if (!(verdict instanceof Verdict.Enters<Decision.Answered>)) {
      return verdict;
    }
    return unlessKeptOut(verdict, round, client);
  }

  /** The refusal of a document for another round than the open one. */
  private Refusal elsewhere(long number, Round open) {
    return number > open.number() ? notOpen(number) : RoundRefusals.over(number, open.number());
  }

  /**
   * The verdict on a document that may enter; without a budget, uninvited, or while training is
   * stopped, it may not.
   */
  private Verdict<Decision.Answered> unlessKeptOut(
      Verdict<Decision.Answered> verdict, Round round, String client) {
    if (state.isSpent(client)) {
      return new Verdict.Refused<>(spent(client));
    }
    if (state.stopped()) {
      return new Verdict.Refused<>(stopped());
    }
    return round.stage() > 0 || state.invites(round.number(), client)
        ? verdict
        : new Verdict.Refused<>(notInvited(round.number(), client));
  }

  /** The verdict on an update whose round ended while its numbers came. */
  public Verdict<Decision.Accepted> late(
      long from, String client, UpdateMetadata header, VectorSummary content) {
    ModelStatus status = state.status();
    long current = status.newest().version();
    Decision.Accepted inOpen = state.locked(() -> state.round().update(client, from));
    Decision.Accepted earlier = inOpen != null ? inOpen : over(client, from, current);
    if (earlier != null) {
      return Round.repeat(earlier, header, content);
    }
    return new Verdict.Refused<>(
        current == from
            ? RoundRefusals.over(from, from + 1).retryAfter(1)
            : refusal(from, current));
  }
}
