package io.fedstep.kafka;

import io.fedstep.close.Gather;
import io.fedstep.close.RoundClose;
import io.fedstep.close.ShardResult;
import io.fedstep.codec.Base64Doubles;
import io.fedstep.codec.Json;
import io.fedstep.coordinator.Failure;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.Retry;
import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Round;
import io.fedstep.store.ModelHead;
import io.fedstep.store.StorageException;
import io.fedstep.store.UpdateMatrix;
import io.fedstep.store.Version;
import io.fedstep.store.VersionDraft;
import io.fedstep.vector.Shard;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * The close of a round in one range of the coordinates. Its results are files in the shared folder,
 * the same ones whoever computes them, and how far it has come is told to the model's leader. It
 * runs on a thread of its own, and may be begun again at any time by another process.
 */
final class RangeClose {
  private final RangeHost host;
  private final Cluster cluster;
  private final ClusterModel model;
  private final ModelState state;
  private final ModelHead head;
  private final ModelSpec spec;
  private final Version before;
  private final Shard shard;
  private final UpdateMatrix rows;
  private final Round round;
  private final String base;
  private final Retry retry;
  private final Monitor monitor = new Monitor();
  private int step;
  private int gathered;
  private boolean cancelled;
  private boolean failed;

  /** Of a round with updates whose numbers are in {@code rows}, by the head that it closes with. */
  RangeClose(
      RangeHost host,
      ClusterModel model,
      ModelHead head,
      Shard shard,
      UpdateMatrix rows,
      Round round) {
    this.host = host;
    this.model = model;
    cluster = host.cluster();
    state = model.state();
    this.head = head;
    spec = state.ofRound(head.spec());
    this.shard = shard;
    this.rows = rows;
    this.round = round;
    base = round.base();
    before = state.folder().newest(); // as they are now, whatever follows
    retry = new Retry(cluster.engine(), this::unlessCancelled);
  }

  /** The name of the document with what a range has found out. */
  static String part(int shard) {
    return "part-" + shard;
  }

  private static String exchange(int step, int shard) {
    return "exchange-%s-%s".formatted(step, shard);
  }

  void start() {
    start(() -> retry.attempt(this::run, this::waitFor));
  }

  private void start(Runnable work) {
    cluster
        .engine()
        .startLong(() -> {
          try {
            work.run();
          } catch (CancellationException e) {
            // another process has the range now
          } catch (RuntimeException e) {
            fail(e);
          }
        });
  }

  private void run() {
    step = 0;
    ObjectNode part = PartCodec.write(compute());
    model.drafts().give(base, part(shard.index()), part);
    tell(step, true, null);
  }

  private void waitFor(StorageException cause) {
    cluster
        .engine()
        .logError("model %s: a range cannot be computed yet".formatted(state.model()), cause);
  }

  private void unlessCancelled(Runnable work) {
    monitor.change(() -> {
      if (!cancelled) {
        start(work);
      }
    });
  }

  private void fail(RuntimeException cause) {
    monitor.change(() -> failed = true);
    if (isCancelled() || host.follower().isDeleted(model)) {
      return; // its rows are gone, or its files
    }
    cluster
        .engine()
        .logError("model %s, range %s: stopped".formatted(state.model(), shard.index()), cause);
    String where = "Process %s, range %s: ".formatted(cluster.settings().instance(), shard.index());
    tell(step, false, Failure.refusal(where, cause));
  }

  private ShardResult compute() {
    try (VersionDraft draft = model.drafts().ofRound(base).with(cluster.scratch())) {
      draft.leave(true);
      ShardResult part =
          RoundClose.run(
              spec,
              round.secrets(head.secret()),
              before,
              round.inClientOrder(),
              rows,
              null,
              shard,
              draft,
              gather(),
              cluster.engine().helpers(),
              cluster.engine().threads());
      draft.force();
      return part;
    }
  }

  /** What all ranges have, through files in the shared folder. */
  private Gather gather() {
    return own -> {
      int now = ++step;
      long began = System.nanoTime();
      model.drafts().give(base, exchange(now, shard.index()), doubles(own));
      tell(now, false, null);
      await(now);
      var all = new ArrayList<double[]>();
      for (int other = 0; other < shard.count(); other++) {
        ObjectNode given = model.drafts().given(base, exchange(now, other));
        all.add(Base64Doubles.read(MessageJson.text(given, "doubles")));
      }
      cluster.meters().exchanged(Duration.ofNanos(System.nanoTime() - began));
      return joined(all);
    };
  }

  private static ObjectNode doubles(double[] values) {
    return Json.object().put("doubles", Base64Doubles.write(values));
  }

  private static double[] joined(List<double[]> parts) {
    return parts.stream().flatMapToDouble(Arrays::stream).toArray();
  }

  private void tell(int at, boolean done, @Nullable Refusal failure) {
    host.progress()
        .tell(
            state.model(),
            new Request.Progress(head.incarnation(), base, shard.index(), at, done, failure));
  }

  private void await(int wanted) {
    if (monitor.await(() -> gathered >= wanted || cancelled, () -> cancelled)) {
      throw new CancellationException();
    }
  }

  /** All ranges have come to that exchange. */
  void gathered(int reached) {
    monitor.change(() -> gathered = Math.max(gathered, reached));
  }

  /** Whether it has failed, so that it may be begun again. */
  boolean hasFailed() {
    return monitor.get(() -> failed);
  }

  private boolean isCancelled() {
    return monitor.get(() -> cancelled);
  }

  /** The range belongs to another process, or the round is over. */
  void cancel() {
    monitor.change(() -> cancelled = true);
  }
}
