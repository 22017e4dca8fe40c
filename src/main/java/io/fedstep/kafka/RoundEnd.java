package io.fedstep.kafka;

import io.fedstep.coordinator.BestVersion;
import io.fedstep.coordinator.Deadline;
import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.Failure;
import io.fedstep.coordinator.ModelMachine;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.VersionMaker;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Decision;
import io.fedstep.round.Reported;
import io.fedstep.store.ModelHead;
import io.fedstep.store.StorageException;
import io.fedstep.store.VersionInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Ends the rounds of one model: closes them when that is due, has the version made of what the
 * ranges have, and begins the next. One thread at a time.
 */
final class RoundEnd implements VersionTask.Owner {
  /** After which nobody asks any more for a draft to be made a version. */
  private static final Duration ABANDONED = Duration.ofDays(1);

  private final ClusterModel model;
  private final ModelState state;
  private final ModelMachine machine;
  private final ModelRanges ranges;
  private final ModelDecisions decisions;
  private final Outbox outbox;
  private final Engine engine;
  private final String instance;
  private final Consumer<Runnable> events;
  private final Consumer<Request> again;
  private final Deadline deadline;
  private final VersionTask versionTask;
  private boolean ended;

  /** Ends rounds; {@code again} handles the requests that have waited for a version. */
  RoundEnd(
      ClusterModel model,
      ModelMachine machine,
      ModelRanges ranges,
      ModelDecisions decisions,
      LeaderContext leadership,
      Consumer<Request> again) {
    this.model = model;
    this.machine = machine;
    this.ranges = ranges;
    this.decisions = decisions;
    this.again = again;
    outbox = leadership.outbox();
    engine = leadership.engine();
    instance = leadership.instance();
    events = leadership.events();
    state = model.state();
    deadline = new Deadline(state, engine, due -> later(() -> deadlineCame(due)));
    versionTask = new VersionTask(model, this, engine);
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
    if (state.endedBy() != null) { // another process may succeed
      decisions.modelFailed(null);
      closeRanges();
    }
    if (wentOnElsewhere()) {
      fail(
          Refusal.of(
              Problem.MODEL_FAILED,
              ("The shared folder has version %s of model '%s', which was not made here: delete the"
                      + " model, put its folder back from a copy, and restart the processes.")
                  .formatted(state.round().number() + 1, state.model())));
      return;
    }
    setDeadline();
    proceed();
  }

  /** Does in the folder what a leader before may not have come to. */
  private void tidy() {
    try {
      state.folder().follower().saveHeadAgain();
      model.drafts().clearHandedOver(engine.clock().instant().minus(ABANDONED));
    } catch (StorageException e) { // this can wait, and whatever cannot will fail
      engine.logError("model %s: its folder could not be tidied".formatted(state.model()), e);
    }
  }

  /** Whether a model that had left has been put back over what the cluster knows of it. */
  private boolean wentOnElsewhere() {
    return !state.isClosing() && model.drafts().committed(state.round().number() + 1) != null;
  }

  /** The policy or the round is another. */
  void setDeadline() {
    state.change(deadline::set);
  }

  /** Leads no more. */
  void leave() {
    ended = true;
    state.change(deadline::cancel);
  }

  private void deadlineCame(Instant due) {
    switch (deadline.came(due, decisions::deadlinePassed)) {
      case NOTHING -> {}
      case ENDS -> end(machine.endAtDeadline(engine.clock().instant()), null);
      case PASSES -> outbox.afterCommit(() -> engine.listener().deadlinePassed(state.model()));
    }
  }

  /** Ends the open round, which has one stage. */
  void end(Decision end, @Nullable ReplyTo replyTo) {
    decisions.roundEnded(state.keyed(end), replyTo);
    closeRanges();
    proceed();
  }

  private void closeRanges() {
    if (state.round().ending() instanceof Decision.Closed) {
      ranges.close();
    }
  }

  /** A range has come to an exchange, or to its end. */
  void range(Request.Progress of) {
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
    decisions.rangeProgressed(of.index(), of.step(), of.done());
    if (model.step() > before && !model.isDone()) {
      ranges.gathered();
    }
    proceed();
  }

  @Override
  public void fail(Refusal refusal) {
    Refusal here =
        Refusal.of(
                refusal.problem(),
                "%s (process %s leads the model)".formatted(refusal.detail(), instance))
            .with("leader", instance);
    decisions.modelFailed(here);
    outbox.answer(model.replyTo(), here);
    retryWaiting();
  }

  private void retryWaiting() {
    decisions.releaseWaiting().forEach(again);
  }

  @Override
  public void versionWaits(StorageException cause) {
    if (!state.waitsFor(cause, "the next version cannot be made yet")) {
      return; // who waits has been told
    }
    outbox.answer(
        model.replyTo(),
        model.replacement() == null
            ? state.noRoom()
            : Cluster.notReady( // not a no, after which its draft would go
                "This is decided, and waits: %s Ask again for what came of it."
                    .formatted(Failure.refusal(cause).detail())));
    retryWaiting();
  }

  /** Does what has become due. */
  void proceed() {
    if (canMake()) {
      outbox.afterCommit(() -> { // a version that is there has to be decided
        if (canMake()) {
          versionTask.begin();
        }
      });
      return;
    }
    Decision end = machine.endOfFull(engine.clock().instant());
    if (end != null) {
      end(end, null);
    }
  }

  private boolean canMake() {
    return !ended && model.canBeMade();
  }

  /** The head is another, in the folder too once that is decided. */
  void headChanged(ModelHead next) {
    decisions.headChanged(next);
    outbox.afterCommit(() -> state.folder().save(next));
  }

  /** Chooses the best of the versions before one, and keeps what was reported of those that go. */
  private void choose(VersionInfo made) {
    BestVersion.choose(
        state,
        state.folder().versions(engine.keepVersions()),
        made.version(),
        model::reports,
        this::headChanged);
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
  public void versionMade(VersionMaker.Made made) {
    ranges.done();
    ReplyTo replyTo = model.replyTo();
    VersionInfo info = made.info();
    choose(info);
    decisions.roundOpened(info, made.over() == null ? state.openedAt(info) : info.createdAt());
    setDeadline();
    outbox.answer(replyTo, info.write());
    outbox.afterCommit(() -> {
      versionTask.tell(made);
      state.folder().prune(engine.keepVersions() + 1, engine.keepRounds());
    });
    retryWaiting();
    proceed();
  }
}
