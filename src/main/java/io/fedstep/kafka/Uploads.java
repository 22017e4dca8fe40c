package io.fedstep.kafka;

import io.fedstep.codec.DecisionCodec;
import io.fedstep.codec.VectorSink;
import io.fedstep.coordinator.Admission;
import io.fedstep.coordinator.Upload;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.round.Decision;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.round.VectorSummary;
import io.fedstep.round.Verdict;
import io.fedstep.store.StorageException;
import io.fedstep.store.UpdateMatrix;
import io.fedstep.vector.Shard;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * The updates that come to this process: each is spooled to its own disk until it is whole, and
 * then becomes visible to the model's leader and ranges at once.
 */
final class Uploads implements AutoCloseable {
  private final Cluster cluster;
  private final LeaderClient leaders;
  private final Map<ClusterModel, UpdateMatrix> spools = new ConcurrentHashMap<>();

  Uploads(Cluster cluster, LeaderClient leaders) {
    this.cluster = cluster;
    this.leaders = leaders;
  }

  /** Lets an update send its numbers, or throws the refusal. */
  Upload begin(
      ClusterModel model,
      long from,
      String client,
      @Nullable String base,
      @Nullable String holder) {
    Decision.Accepted earlier = new Admission(model.state()).begin(from, client, base);
    return Upload.begin(
        model.state(), from, client, holder, earlier, () -> spooled(model, from, client));
  }

  /** The model is no more. */
  void removed(ClusterModel model) {
    UpdateMatrix spool = spools.remove(model);
    if (spool != null) {
      spool.remove();
    }
  }

  private UpdateMatrix spool(ClusterModel model) {
    return spools.computeIfAbsent(
        model, _ -> cluster.scratch().rows(model.state().spec(), Shard.WHOLE));
  }

  /** The place on this process's disk where an upload is until it is whole. */
  private Upload.Destination spooled(ClusterModel model, long from, String client) {
    UpdateMatrix spool = spool(model);
    int row = spool.allocate();
    return new Upload.Destination() {
      @Override
      public VectorSink sink() {
        return spool.row(row);
      }

      @Override
      public Verdict<Decision.Accepted> submit(UpdateMetadata header, VectorSummary content) {
        var update =
            new Request.Update(
                model.incarnation(),
                UUID.randomUUID().toString(),
                from,
                client,
                header,
                content,
                model.placement());
        try {
          ObjectNode answer =
              leaders.ask(
                  model.state().model(),
                  update,
                  message ->
                      new UpdateMessages(
                          cluster.topics(), model.state().spec(), update, spool, row, message));
          Decision.Accepted accepted = (Decision.Accepted) DecisionCodec.read(answer);
          return answer.required("repeated").booleanValue()
              ? new Verdict.Repeats<>(accepted)
              : new Verdict.Enters<>(accepted);
        } catch (RefusedException e) {
          return new Verdict.Refused<>(e.refusal());
        }
      }

      @Override
      public Refusal failure(StorageException failure) {
        return Cluster.refusal(failure);
      }

      @Override
      public void end(boolean accepted) {
        spool.release(row);
      }
    };
  }

  @Override
  public void close() {
    spools.values().forEach(UpdateMatrix::remove);
  }
}
