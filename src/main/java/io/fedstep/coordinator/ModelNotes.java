package io.fedstep.coordinator;

import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Measured;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.store.ModelFolder;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;

/**
 * The last reports on a model's versions and the last of its updates that were refused, in memory
 * alone; who follows the model, and the listener, are told of them.
 */
public final class ModelNotes {
  private final ModelFolder folder;
  private final Engine engine;
  private final ModelLock lock;
  private final Recent<RefusedUpdate> refusals = new Recent<>();
  private final Recent<ClientReport> reports = new Recent<>();
  private final ReportNews news;

  ModelNotes(ModelFolder folder, Engine engine, ModelLock lock) {
    this.folder = folder;
    this.engine = engine;
    this.lock = lock;
    news = new ReportNews(engine, this::tell);
  }

  /** An update was refused. */
  void refused(long from, String client, Refusal refusal, int status) {
    Instant now = engine.clock().instant();
    keep(refusals, count -> RefusedUpdate.of(count, from, client, refusal, status, now));
  }

  /** A client has reported of a version. */
  public void reported(long version, String client, UpdateMetadata report) {
    keep(reports, count -> new ClientReport(count, version, client, report));
  }

  /** Clients report of versions: the listener is told of the newest of these. */
  public void reported(long version, LongFunction<Map<String, UpdateMetadata>> of) {
    news.add(version, of);
  }

  /** Metrics were left out of those that are kept: the listener is told how many. */
  public void leftOut(Measured sent, Map<String, Double> kept) {
    int leftOut = sent.metrics().size() - kept.size();
    if (leftOut > 0) {
      engine.listener().metricsLeftOut(folder.head().model(), leftOut);
    }
  }

  private void tell(Map<String, UpdateMetadata> reported) {
    if (lock.locked(lock::endedBy) == null
        && !reported.isEmpty()) { // or the version went meanwhile
      ModelSpec spec = folder.spec();
      engine
          .listener()
          .reported(
              folder.head().model(),
              Measured.means(reported.values(), report -> spec.counted(report.weight())));
    }
  }

  private <T> void keep(Recent<T> recent, LongFunction<T> numbered) {
    if (recent.add(numbered) && !engine.draining()) {
      var _ = engine.after(Recent.PAUSE, () -> lock.change(recent::tell));
    }
  }

  /** The last updates that were refused, newest first. */
  List<RefusedUpdate> refusals() {
    return refusals.newestFirst();
  }

  /** The last reports of clients, the last is last. */
  List<ClientReport> reports() {
    return reports.newestFirst().reversed();
  }

  /** How many refused updates were told. */
  long refusalsTold() {
    return refusals.told();
  }

  /** How many reports were told. */
  long reportsTold() {
    return reports.told();
  }
}
