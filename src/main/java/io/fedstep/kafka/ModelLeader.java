package io.fedstep.kafka;

import io.fedstep.codec.Json;
import io.fedstep.codec.RecordCodec;
import io.fedstep.coordinator.Admission;
import io.fedstep.coordinator.ChangeRules;
import io.fedstep.coordinator.Deadline;
import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.Failure;
import io.fedstep.coordinator.ModelMachine;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.Outcome;
import io.fedstep.coordinator.VersionMaker;
import io.fedstep.coordinator.BestVersion;
import io.fedstep.round.Reported;
import io.fedstep.store.Version;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Decision;
import io.fedstep.round.Verdict;
import io.fedstep.store.ModelHead;
import io.fedstep.store.StorageException;
import io.fedstep.store.VersionInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Decides for one model, by the rules of one machine. While a version is being made, what would
 * change the model waits.
 */
final class ModelLeader implements Making.Owner {
  /** Updates that may wait for the next round of a buffer. */
  private static final int MOST_UPDATES = 10_000;

  /** After which nobody asks any more for a draft to be made a version. */
  private static final Duration ABANDONED = Duration.ofDays(1);

  private final ClusterModel model;
  private final ModelState state;
  private final Outbox outbox;
  private final Engine engine;
  private final String instance;
  private final Consumer<Runnable> events;
  private final Consumer<Request> again;
  private final ModelDecisions decisions;
  private final Admission admission;
  private final ModelMachine machine;
  private final Deadline deadline;
  private final Making making;
  private final List<RangeMessage.Admitted> admitted = new ArrayList<>();
  private final List<String> refused = new ArrayList<>();
  private boolean ended;

  /**
   * Leads a model.
   *
   * @param instance the name of this process
   * @param events takes what is to be done on the leader's thread, from any thread
   * @param again takes requests that have waited
   */
  ModelLeader(
      ClusterModel model,
      Outbox outbox,
      Engine engine,
      String instance,
      Consumer<Runnable> events,
      Consumer<Request> again) {
    this.model = model;
    this.outbox = outbox;
    this.engine = engine;
    this.instance = instance;
    this.events = events;
    this.again = again;
    state = model.state();
    decisions = new ModelDecisions(model, outbox);
    admission = new Admission(state);
    machine = new ModelMachine(state, model::reports);
    deadline = new Deadline(state, engine, due -> later(() -> deadlineCame(due)));
    making = new Making(model, this, engine);
  }

  ClusterModel model() {
    return model;
  }

  ModelDecisions decisions() {
    return decisions;
  }

  String incarnation() {
    return model.incarnation();
  }

  private String name() {
    return state.model();
  }

  @Override
  public void later(Runnable action) {
    events.accept(() -> {
      if (!ended) {
        action.run();
      }
    });
  }

  /** Goes on where another leader was: what it has decided is done, what is due is decided. */
  void takeOver() {
    tidy();
    if (state.ended() != null) { // another process may succeed
      decisions.failed(null);
      if (state.round().closed() != null) {
        tellClose();
      }
    }
    if (wentOnElsewhere()) {
      fail(
          Refusal.of(
              Problem.MODEL_FAILED,
              ("The shared folder has version %s of model '%s', which was not made here: delete the"
                      + " model, put its folder back from a copy, and restart the processes.")
                  .formatted(state.round().number() + 1, name())));
      return;
    }
    setDeadline();
    goOn();
  }

  /** Does in the folder what a leader before may not have come to. */
  private void tidy() {
    try {
      state.folder().follower().saveHeadAgain();
      state.folder().follower().drafts().clearHandedOver(engine.clock().instant().minus(ABANDONED));
    } catch (StorageException e) { // this can wait, and whatever cannot will fail
      engine.logError("model %s: its folder could not be tidied".formatted(name()), e);
    }
  }

  /** Whether a model that had left has been put back over what the cluster knows of it. */
  private boolean wentOnElsewhere() {
    return !state.isClosing()
        && state.folder().follower().drafts().committed(state.round().number() + 1) != null;
  }

  void setDeadline() {
    state.change(deadline::set);
  }

  /** Leads no more. */
  void end() {
    ended = true;
    state.change(deadline::cancel);
  }

  /** The model is deleted: leads no more, and gives the requests that have waited. */
  List<Request> delete() {
    end();
    List<Request> waiting = decisions.waitedEnough();
    decisions.deleted();
    toRanges(new RangeMessage.Deleted(incarnation()));
    return waiting;
  }

  // Requests

  /** Checks that the newest version is the one that somebody takes it to be. */
  void checkNewest(Expected expected) {
    new ChangeRules(state).checkNewest(expected);
  }

  /** Takes a request for this model, or throws the refusal. */
  void take(Request.OfModel request, @Nullable Asker asker) {
    Refusal failed = state.ended();
    if (failed != null && !(request instanceof Request.Progress)) {
      if (request instanceof Request.Update update) {
        refused.add(update.upload());
      }
      throw failed.exception();
    }
    switch (request) {
      case Request.Progress progress -> range(progress);
      case Request.Update update -> update(update, asker);
      case Request.Change change -> obey(change, asker);
    }
  }

  private void obey(Request.Change change, @Nullable Asker asker) {
    switch (machine.decide(change.command(), engine.clock().instant())) {
      case Outcome.Known(var version) -> outbox.answer(asker, version.write());
      case Outcome.Waits _ -> await(change, asker, Engine.MOST_COMMANDS);
      case Outcome.Changes(var head) -> head(head, asker);
      case Outcome.Keeps(var report) -> {
        decisions.report(report.version(), report.client(), report.report());
        outbox.afterwards(() -> state.reported(report.version(), model::reports));
        outbox.answer(asker, Json.object());
      }
      case Outcome.Closes(var close) -> close(close, asker);
      case Outcome.Replaces(var by) -> {
        decisions.replaced(by, asker);
        goOn();
      }
    }
  }

  /** Has a request taken again once the version is there that is being made. */
  private void await(Request.OfModel request, @Nullable Asker asker, int most) {
    if (model.waiting().size() >= most) {
      long ahead = model.waiting(request.getClass());
      if (ahead >= most) {
        if (request instanceof Request.Update update) {
          refused.add(update.upload());
        }
        throw ModelMachine.busy(name(), ahead).exception();
      }
    }
    decisions.waits(new Request(request, asker));
  }

  private void head(ModelHead next, @Nullable Asker asker) {
    decisions.head(next);
    outbox.afterwards(() -> state.folder().save(next));
    setDeadline();
    outbox.answer(asker, Json.object());
    goOn();
  }

  // Updates

  private void update(Request.Update sent, @Nullable Asker asker) {
    Instant now = engine.clock().instant();
    Verdict verdict =
        admission.decide(sent.from(), sent.client(), 0, sent.header(), sent.content(), now);
    switch (verdict != null
        ? verdict
        : admission.late(sent.from(), sent.client(), sent.header(), sent.content())) {
      case Verdict.Enters(var update) -> {
        decisions.enters(update);
        outbox.answer(asker, RecordCodec.write(update).put("repeated", false));
        admitted.add(new RangeMessage.Admitted(sent.upload(), update));
        goOn();
      }
      case Verdict.Repeats(var earlier) -> {
        outbox.answer(asker, RecordCodec.write(earlier).put("repeated", true));
        refused.add(sent.upload());
      }
      case Verdict.Refused(var refusal) -> {
        outbox.answer(asker, refusal);
        refused.add(sent.upload());
      }
      case Verdict.Welcome _ -> await(sent, asker, MOST_UPDATES);
    }
  }

  /** Has the ranges know whose numbers are in, and whose may go. */
  void tellVerdicts() {
    if (!admitted.isEmpty() || !refused.isEmpty()) {
      toRanges(
          new RangeMessage.Verdicts(
              incarnation(), round(), List.copyOf(admitted), List.copyOf(refused)));
      admitted.clear();
      refused.clear();
    }
  }

  private RangeMessage.OfRound round() {
    return new RangeMessage.OfRound(state.round().number(), state.round().base());
  }

  private void toRanges(RangeMessage message) {
    outbox.toRanges(name(), model.placement(), message);
  }

  // The end of a round

  private void deadlineCame(Instant due) {
    switch (deadline.came(due, decisions::passed)) {
      case NOTHING -> {}
      case CLOSES -> close(Decision.Cause.DEADLINE);
      case PASSES -> outbox.afterwards(() -> engine.listener().deadlinePassed(name()));
    }
  }

  private void close(Decision.Cause cause) {
    close(state.round().close(cause, engine.clock().instant()), null);
  }

  private void close(Decision.Closed close, @Nullable Asker asker) {
    tellVerdicts();
    decisions.closed(close, asker);
    tellClose();
  }

  /** With the head, which another process may know only a moment later. */
  private void tellClose() {
    toRanges(new RangeMessage.Close(incarnation(), round(), state.folder().head()));
  }

  /** A range has come to an exchange, or to its end. */
  private void range(Request.Progress of) {
    if (!state.isClosing() || !state.round().base().equals(of.base())) {
      return; // of a round that is over
    }
    if (of.failed() != null) {
      fail(of.failed());
      return;
    }
    if (model.knows(of.index(), of.step(), of.done())) {
      return; // a worker that began again
    }
    int before = model.step();
    decisions.range(of.index(), of.step(), of.done());
    if (model.step() > before && !model.isDone()) {
      toRanges(new RangeMessage.Gathered(incarnation(), round(), model.step()));
    }
    goOn();
  }

  @Override
  public void fail(Refusal refusal) {
    Refusal here =
        Refusal.of(
                refusal.problem(),
                "%s (process %s leads the model)".formatted(refusal.detail(), instance))
            .with("leader", instance);
    decisions.failed(here);
    outbox.answer(model.asker(), here);
    takeWaiting();
  }

  private void takeWaiting() {
    decisions.waitedEnough().forEach(again);
  }

  @Override
  public void waitsFor(StorageException cause) {
    if (state.hasNoRoom()) {
      return; // who waits has been told
    }
    state.change(() -> state.closing(cause));
    outbox.answer(
        model.asker(),
        model.replacement() == null
            ? state.noRoom()
            : Cluster.notReady( // not a no, after which its draft would go
                "This is decided, and waits: %s Ask again for what came of it."
                    .formatted(Failure.refusal(cause).detail())));
    takeWaiting();
  }

  /** Does what has become due. */
  private void goOn() {
    if (canMake()) {
      outbox.afterwards(() -> { // a version that is there has to be decided
        if (canMake()) {
          making.begin();
        }
      });
    } else if (state.isDue() && !state.isClosing()) {
      close(Decision.Cause.MAX_UPDATES);
    }
  }

  private boolean canMake() {
    return !ended && state.isClosing() && (model.replacement() != null || model.isDone());
  }

  /** Chooses the best of the versions before one, and keeps what was reported of those that go. */
  private void choose(VersionInfo made) {
    ModelHead head = state.folder().head();
    List<Version> before = state.folder().versions(engine.keepVersions());
    ModelHead next = BestVersion.chosen(state, head, before, made.version(), model::reports);
    if (!next.equals(head)) {
      decisions.head(next);
      outbox.afterwards(() -> state.folder().save(next));
    }
    try {
      state
          .folder()
          .follower()
          .writeRecords(
              engine.keepVersions() - 1,
              version -> Reported.of(model.reports(version).values(), state.spec()));
    } catch (StorageException e) {
      engine.logError("model %s: reports of old versions are lost".formatted(state.model()), e);
    }
  }

  @Override
  public void made(VersionMaker.Made made) {
    toRanges(new RangeMessage.Done(incarnation(), round()));
    Asker asker = model.asker();
    VersionInfo info = made.info();
    choose(info);
    decisions.next(info, made.over() == null ? state.openedAt(info) : info.createdAt());
    setDeadline();
    outbox.answer(asker, info.write());
    outbox.afterwards(() -> {
      making.tell(made);
      state.folder().prune(engine.keepVersions() + 1, engine.keepRounds());
    });
    takeWaiting();
    goOn();
  }
}
