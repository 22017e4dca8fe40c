package io.fedstep.kafka;

import io.fedstep.coordinator.ClientFailure;
import io.fedstep.coordinator.Replacement;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Decision;
import io.fedstep.round.Round;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.store.ModelHead;
import io.fedstep.store.Version;
import io.fedstep.store.VersionInfo;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The decisions about one model, as entries of the log. */
final class ModelDecisions {
  private final ClusterModel model;
  private final Writer writer;

  /** Where decisions are written. */
  interface Writer {
    /** Decides: it counts here at once, and elsewhere once it is written. */
    void decide(LogEntry entry);

    /** The same for what makes no difference here. */
    void write(LogEntry entry);
  }

  ModelDecisions(ClusterModel model, Writer writer) {
    this.model = model;
    this.writer = writer;
  }

  private String name() {
    return model.state().model();
  }

  private Round round() {
    return model.state().round();
  }

  void headChanged(ModelHead next) {
    writer.decide(new LogEntry.Head(next, model.placement()));
  }

  /** An update enters the open round. */
  void updateAccepted(Decision.Accepted update) {
    writer.decide(entry(update));
  }

  private LogEntry.Update entry(Decision.Accepted update) {
    return new LogEntry.Update(name(), round().number(), round().base(), update);
  }

  /** A client's report on a version that is kept. */
  void reported(long version, String client, UpdateMetadata report) {
    Version of = Objects.requireNonNull(model.state().folder().version(version));
    writer.decide(new LogEntry.Report(name(), version, of.info().base(), client, report));
  }

  /** A client will send no update. */
  void clientFailed(ClientFailure failure) {
    writer.decide(entry(failure));
  }

  private LogEntry.Failed entry(ClientFailure failure) {
    return new LogEntry.Failed(name(), model.incarnation(), failure);
  }

  /** A range has come so far in the close. */
  void rangeProgressed(int shard, int step, boolean done) {
    writer.decide(new LogEntry.Range(name(), shard, round().base(), step, done));
  }

  /** The open round invites more clients. */
  void deadlinePassed(Decision.Passed deadline) {
    writer.decide(open().with(deadline));
  }

  /** The open round is closed, and to become a version, or abandoned, and to repeat one. */
  void roundEnded(Decision end, @Nullable ReplyTo replyTo) {
    ends(new LogEntry.End(end, null, replyTo, null));
  }

  /** The open round is to be replaced by a version that an administrator asked for. */
  void roundReplaced(Replacement by, @Nullable ReplyTo replyTo) {
    ends(new LogEntry.End(null, by, replyTo, null));
  }

  /** The model can do nothing, or, without a reason, goes on where it failed. */
  void modelFailed(@Nullable Refusal reason) {
    ends(new LogEntry.End(round().ending(), model.replacement(), model.replyTo(), reason));
  }

  private void ends(LogEntry.End end) {
    writer.decide(open().with(end));
  }

  private LogEntry.OpenRound open() {
    return LogEntry.OpenRound.of(name(), model.state().folder().newest().info(), round());
  }

  /** A request waits for the version that is being made. */
  void requestWaits(Request request) {
    Map.Entry<Long, Request> last = model.waiting().lastEntry();
    writer.decide(new LogEntry.Waiting(name(), last == null ? 0 : last.getKey() + 1, request));
  }

  /** The requests that have waited, which do so no more. */
  List<Request> releaseWaiting() {
    Map<Long, Request> waited = new TreeMap<>(model.waiting());
    waited.keySet().forEach(number -> writer.decide(new LogEntry.Served(name(), number)));
    return List.copyOf(waited.values());
  }

  /** The round is over; what was decided of it, and of versions that go with it, may go. */
  void roundOpened(VersionInfo made, Instant openedAt) {
    forgetUpdates();
    forgetFailures(made.version() - model.state().spec().round().maxStaleness());
    Map<Long, Map<String, UpdateMetadata>> reported = model.reports();
    var next = new Round(made.version(), made.base(), openedAt);
    writer.decide(LogEntry.OpenRound.of(name(), made, next));
    reported.forEach((version, reports) -> {
      if (!model.reports().containsKey(version)) {
        forgetReports(version, reports);
      }
    });
  }

  /** The model is deleted, and all that was decided may go. */
  void modelDeleted() {
    forgetUpdates();
    forgetFailures(Long.MAX_VALUE);
    model.reports().forEach(this::forgetReports);
    for (int shard = 0; shard < model.placement().shards(); shard++) {
      forget(LogEntry.Range.key(name(), shard));
    }
  }

  private void forgetUpdates() {
    round().inClientOrder().forEach(update -> forget(entry(update).key()));
  }

  private void forgetFailures(long oldest) {
    model.state().forgetFailures(oldest).forEach(failure -> forget(entry(failure).key()));
  }

  private void forgetReports(long version, Map<String, UpdateMetadata> reports) {
    reports.keySet().forEach(client -> forget(LogEntry.Report.key(name(), version, client)));
  }

  private void forget(String key) {
    writer.write(new LogEntry.Gone(key));
  }
}
