package io.fedstep.kafka;

import io.fedstep.codec.DecisionCodec;
import io.fedstep.codec.Json;
import io.fedstep.coordinator.Admission;
import io.fedstep.coordinator.ChangeRules;
import io.fedstep.coordinator.ClientFailure;
import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.ModelMachine;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.Outcome;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Decision;
import io.fedstep.round.RoundRefusals;
import io.fedstep.round.Verdict;
import io.fedstep.store.ModelHead;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Decides about the requests for one model, by the rules of one machine. While a version is being
 * made, what would change the model waits.
 */
final class ModelLeader {
  /** Updates that may wait for the next round of a buffer. */
  private static final int MOST_UPDATES = 10_000;

  private final ClusterModel model;
  private final ModelState state;
  private final Outbox outbox;
  private final Engine engine;
  private final ModelRanges ranges;
  private final ModelDecisions decisions;
  private final RoundEnd rounds;
  private final Admission admission;
  private final ModelMachine machine;

  /** Leads a model; {@code again} handles the requests that have waited for a version. */
  ModelLeader(ClusterModel model, LeaderContext leadership, Consumer<Request> again) {
    this.model = model;
    outbox = leadership.outbox();
    engine = leadership.engine();
    state = model.state();
    ranges = new ModelRanges(model, outbox);
    decisions = new ModelDecisions(model, outbox);
    machine = new ModelMachine(state, model::reports);
    rounds = new RoundEnd(model, machine, ranges, decisions, leadership, again);
    admission = new Admission(state);
  }

  ClusterModel model() {
    return model;
  }

  ModelDecisions decisions() {
    return decisions;
  }

  ModelRanges ranges() {
    return ranges;
  }

  RoundEnd rounds() {
    return rounds;
  }

  /** Checks that the newest version is the one that somebody takes it to be. */
  void checkNewest(Expected expected) {
    new ChangeRules(state).checkNewest(expected);
  }

  /** The model is deleted: leads no more, and gives the requests that have waited. */
  List<Request> delete() {
    rounds.leave();
    List<Request> waiting = decisions.releaseWaiting();
    decisions.modelDeleted();
    ranges.deleted();
    return waiting;
  }

  /** Handles a request for this model, or throws the refusal. */
  void handle(Request.OfModel request, @Nullable ReplyTo replyTo) {
    Refusal failed = state.endedBy();
    if (failed != null && !(request instanceof Request.Progress)) {
      if (request instanceof Request.Update update) {
        ranges.refuse(update.upload());
      }
      throw failed.exception();
    }
    switch (request) {
      case Request.Progress progress -> rounds.range(progress);
      case Request.Update update -> update(update, replyTo);
      case Request.Failed(_, var failure) -> failed(failure, replyTo);
      case Request.Change change -> obey(change, replyTo);
    }
  }

  private void obey(Request.Change change, @Nullable ReplyTo replyTo) {
    switch (machine.decide(change.command(), engine.clock().instant())) {
      case Outcome.Known(var version) -> outbox.answer(replyTo, version.write());
      case Outcome.Waits _ -> await(change, replyTo, Engine.MOST_COMMANDS);
      case Outcome.Changes(var head) -> head(head, replyTo);
      case Outcome.Keeps(var report) -> {
        decisions.reported(report.version(), report.client(), report.report());
        outbox.afterCommit(() -> state.notes().reported(report.version(), model::reports));
        outbox.answer(replyTo, Json.object());
      }
      case Outcome.Ends(var end) -> rounds.end(end, replyTo);
      case Outcome.Replaces(var by) -> {
        decisions.roundReplaced(by, replyTo);
        rounds.proceed();
      }
    }
  }

  /** Has a request handled again once the version is there that is being made. */
  private void await(Request.OfModel request, @Nullable ReplyTo replyTo, int most) {
    if (model.waiting().size() >= most) {
      long ahead = model.waiting(request.getClass());
      if (ahead >= most) {
        if (request instanceof Request.Update update) {
          ranges.refuse(update.upload());
        }
        throw ModelMachine.busy(state.model(), ahead).exception();
      }
    }
    decisions.requestWaits(new Request(request, replyTo));
  }

  private void head(ModelHead next, @Nullable ReplyTo replyTo) {
    rounds.headChanged(next);
    rounds.setDeadline();
    outbox.answer(replyTo, Json.object());
    rounds.proceed();
  }

  /** Keeps a client's failure, or refuses it as the update in its place would be. */
  private void failed(ClientFailure told, @Nullable ReplyTo replyTo) {
    if (admission.begin(told.round(), told.client(), null) == null
        && state.takesFailure(told.round(), told.client())) {
      decisions.clientFailed(told.at(engine.clock().instant()));
    }
    outbox.answer(replyTo, Json.object());
  }

  private void update(Request.Update sent, @Nullable ReplyTo replyTo) {
    Instant now = engine.clock().instant();
    Verdict<Decision.Accepted> verdict =
        admission.decide(sent.from(), sent.client(), 0, sent.header(), sent.content(), now);
    switch (verdict != null
        ? verdict
        : admission.late(sent.from(), sent.client(), sent.header(), sent.content())) {
      case Verdict.Enters(var update) -> enter(sent, update, replyTo, now);
      case Verdict.Repeats(var earlier) -> {
        outbox.answer(replyTo, DecisionCodec.write(earlier).put("repeated", true));
        ranges.refuse(sent.upload());
      }
      case Verdict.Refused(var refusal) -> refuse(sent, refusal, replyTo);
      case Verdict.Welcome<Decision.Accepted> _ -> await(sent, replyTo, MOST_UPDATES);
    }
  }

  /** Takes an update in; without a place for it the round is abandoned. */
  private void enter(
      Request.Update sent, Decision.Accepted update, @Nullable ReplyTo replyTo, Instant now) {
    if (machine.enter(update, now).getFirst() instanceof Decision.Abandoned abandoned) {
      long number = state.round().number();
      refuse(sent, RoundRefusals.over(number, number + 1), replyTo);
      rounds.end(abandoned, null);
      return;
    }
    decisions.updateAccepted(update);
    outbox.answer(replyTo, DecisionCodec.write(update).put("repeated", false));
    ranges.admit(sent.upload(), update);
    rounds.proceed();
  }

  private void refuse(Request.Update sent, Refusal refusal, @Nullable ReplyTo replyTo) {
    outbox.answer(replyTo, refusal);
    ranges.refuse(sent.upload());
  }
}
