package io.fedstep.kafka;

import io.fedstep.codec.Json;
import io.fedstep.codec.RecordCodec;
import io.fedstep.coordinator.Admission;
import io.fedstep.coordinator.BestVersion;
import io.fedstep.coordinator.ChangeRules;
import io.fedstep.coordinator.Command;
import io.fedstep.coordinator.Deadline;
import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.Failure;
import io.fedstep.coordinator.ModelMachine;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.Outcome;
import io.fedstep.coordinator.VersionMaker;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Decision;
import io.fedstep.round.Reported;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.round.VectorSummary;
import io.fedstep.round.Verdict;
import io.fedstep.store.ModelHead;
import io.fedstep.store.StorageException;
import io.fedstep.store.Version;
import io.fedstep.store.VersionInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Decides for one model, by the rules of one machine. While a version is being made, what would
 * change the model waits.
 */
final class ModelLeader {
  /** Updates that may wait for the next round of a buffer. */
  private static final int MOST_UPDATES = 10_000;

  /** After which nobody asks any more for a draft to be made a version. */
  private static final Duration ABANDONED = Duration.ofDays(1);

  private final ClusterModel model;
  private final ModelState state;
  private final Leader leader;
  private final Engine engine;
  private final ModelDecisions decisions;
  private final Admission admission;
  private final ModelMachine machine;
  private final Deadline deadline;
  private final Making making;
  private ArrayNode admitted = Json.object().putArray("admitted");
  private ArrayNode refused = Json.object().putArray("refused");
  private boolean ended;

  ModelLeader(ClusterModel model, Leader leader, Engine engine) {
    this.model = model;
    this.leader = leader;
    this.engine = engine;
    state = model.state();
    decisions = new ModelDecisions(model, leader);
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

  /** Does something on the leader's thread, unless it leads no more. */
  void later(Runnable action) {
    leader.later(() -> {
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

  // Requests

  /** Checks that the newest version is the one that somebody takes it to be. */
  void checkNewest(Expected expected) {
    new ChangeRules(state).checkNewest(expected);
  }

  void take(String kind, ObjectNode message, @Nullable JsonNode asker) {
    Refusal failed = state.ended();
    if (failed != null && !kind.equals("range")) {
      if (kind.equals("update")) {
        refused.add(Wire.text(message, "upload"));
      }
      throw failed.exception();
    }
    switch (kind) {
      case "range" -> range(message);
      case "update" -> update(message, asker);
      default -> obey(CommandCodec.read(message), message, asker);
    }
  }

  private void obey(Command command, ObjectNode message, @Nullable JsonNode asker) {
    switch (machine.decide(command, engine.clock().instant())) {
      case Outcome.Known(var version) -> leader.answer(asker, version.write());
      case Outcome.Waits _ -> await(message, Engine.MOST_COMMANDS);
      case Outcome.Changes(var head) -> head(head, asker);
      case Outcome.Keeps(var report) -> {
        decisions.report(report.version(), report.client(), report.report());
        leader.afterwards(() -> state.reported(report.version(), model::reports));
        leader.answer(asker, Json.object());
      }
      case Outcome.Closes(var close) -> close(close, asker);
      case Outcome.Replaces(var by) -> {
        decisions.replaced(by, asker);
        goOn();
      }
    }
  }

  /** Has a request taken again once the version is there that is being made. */
  private void await(ObjectNode request, int most) {
    boolean isUpdate = request.has("upload");
    if (model.waiting().size() >= most) {
      long ahead =
          model.waiting().values().stream().filter(one -> one.has("upload") == isUpdate).count();
      if (ahead >= most) {
        if (isUpdate) {
          refused.add(Wire.text(request, "upload"));
        }
        throw ModelMachine.busy(name(), ahead).exception();
      }
    }
    decisions.waits(request);
  }

  private void head(ModelHead next, @Nullable JsonNode asker) {
    decisions.head(next);
    leader.afterwards(() -> state.folder().save(next));
    setDeadline();
    leader.answer(asker, Json.object());
    goOn();
  }

  // Updates

  private void update(ObjectNode message, @Nullable JsonNode asker) {
    long from = message.required("from").longValue();
    String client = Wire.text(message, "client");
    UpdateMetadata header = Wire.header(message.required("update"));
    VectorSummary content = Wire.content(message.required("update"));
    Instant now = engine.clock().instant();
    Verdict verdict = admission.decide(from, client, 0, header, content, now);
    switch (verdict != null ? verdict : admission.late(from, client, header, content)) {
      case Verdict.Enters enters -> enter(enters.decision(), message, asker);
      case Verdict.Repeats repeats -> {
        leader.answer(asker, accepted(repeats.earlier()).put("repeated", true));
        refused.add(Wire.text(message, "upload"));
      }
      case Verdict.Refused no -> {
        leader.answer(asker, no.refusal());
        refused.add(Wire.text(message, "upload"));
      }
      case Verdict.Welcome _ -> await(message, MOST_UPDATES);
    }
  }

  private static ObjectNode accepted(Decision.Accepted update) {
    return RecordCodec.write(update);
  }

  private void enter(Decision.Accepted update, ObjectNode message, @Nullable JsonNode asker) {
    decisions.enters(update);
    leader.answer(asker, accepted(update).put("repeated", false));
    ObjectNode known = accepted(update);
    admitted.add(known.put("upload", Wire.text(message, "upload")));
    goOn();
  }

  /** Has the ranges know whose numbers are in, and whose may go. */
  void tellVerdicts() {
    if (admitted.isEmpty() && refused.isEmpty()) {
      return;
    }
    ObjectNode verdicts =
        Json.object().put("kind", "verdicts").put("round", state.round().number());
    verdicts.set("admitted", admitted);
    verdicts.set("refused", refused);
    toRanges(verdicts);
    admitted = Json.object().putArray("admitted");
    refused = Json.object().putArray("refused");
  }

  private void toRanges(ObjectNode message) {
    leader.toRanges(
        name(),
        model.placement(),
        message.put("incarnation", incarnation()).put("base", state.round().base()));
  }

  // The end of a round

  private void deadlineCame(Instant due) {
    switch (deadline.came(due, decisions::passed)) {
      case NOTHING -> {}
      case CLOSES -> close(Decision.Cause.DEADLINE);
      case PASSES -> leader.afterwards(() -> engine.listener().deadlinePassed(name()));
    }
  }

  private void close(Decision.Cause cause) {
    close(state.round().close(cause, engine.clock().instant()), null);
  }

  private void close(Decision.Closed close, @Nullable JsonNode asker) {
    tellVerdicts();
    decisions.closed(close, asker);
    tellClose();
  }

  /** With the head, which another process may know only a moment later. */
  private void tellClose() {
    ObjectNode close = Json.object().put("kind", "close").put("round", state.round().number());
    close.set("head", state.folder().head().write());
    toRanges(close);
  }

  /** A range has come to an exchange, or to its end. */
  private void range(ObjectNode message) {
    String base = state.round().base();
    if (!state.isClosing() || !base.equals(Wire.text(message, "base"))) {
      return; // of a round that is over
    }
    if (message.has("failed")) {
      fail(Wire.refusal(message.required("failed")));
      return;
    }
    int index = message.required("index").intValue();
    int step = message.required("step").intValue();
    boolean done = message.required("done").booleanValue();
    if (model.knows(index, step, done)) {
      return; // a worker that began again
    }
    int before = model.step();
    decisions.range(index, step, done);
    if (model.step() > before && !model.isDone()) {
      toRanges(Json.object().put("kind", "gathered").put("step", model.step()));
    }
    goOn();
  }

  /** Nobody can make the version until another leader tries again. */
  void fail(Refusal refusal) {
    Refusal here =
        Refusal.of(
                refusal.problem(),
                "%s (process %s leads the model)".formatted(refusal.detail(), leader.instance()))
            .with("leader", leader.instance());
    decisions.failed(here);
    leader.answer(model.asker(), here);
    takeWaiting();
  }

  private void takeWaiting() {
    decisions.waitedEnough().forEach(request -> leader.take(name(), request));
  }

  /** The version cannot be made for now, which is said to who waits for it; it is tried again. */
  void waitsFor(StorageException cause) {
    if (state.hasNoRoom()) {
      return; // who waits has been told
    }
    state.change(() -> state.closing(cause));
    leader.answer(
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
      leader.afterwards(() -> { // a version that is there has to be decided
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
      leader.afterwards(() -> state.folder().save(next));
    }
    try {
      state
          .folder()
          .follower()
          .writeRecords(
              engine.keepVersions() - 1,
              version -> Reported.of(model.reports(version).values(), state.spec()));
    } catch (StorageException e) {
      engine.logError("model %s: reports of old versions are lost".formatted(name()), e);
    }
  }

  /** The version exists: the next round begins. */
  void made(VersionMaker.Made made) {
    toRanges(Json.object().put("kind", "done").put("round", state.round().number()));
    JsonNode asker = model.asker();
    VersionInfo info = made.info();
    choose(info);
    decisions.next(info, made.over() == null ? state.openedAt(info) : info.createdAt());
    setDeadline();
    leader.answer(asker, info.write());
    leader.afterwards(() -> {
      making.tell(made);
      state.folder().prune(engine.keepVersions() + 1, engine.keepRounds());
    });
    takeWaiting();
    goOn();
  }
}
