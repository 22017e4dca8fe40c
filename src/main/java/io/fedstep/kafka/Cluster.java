package io.fedstep.kafka;

import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.Failure;
import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.store.DataFolder;
import io.fedstep.store.ScratchFolder;
import io.fedstep.store.StorageException;
import io.fedstep.vector.Shard;

/**
 * What a process has of its cluster before it knows of any model: settings, brokers, folders and
 * threads.
 *
 * @param data the folder that all processes share
 * @param scratch the folder of this process alone
 */
record Cluster(
    ClusterSettings settings,
    Topics topics,
    Clients clients,
    DataFolder data,
    ScratchFolder scratch,
    Engine engine,
    ClusterMeters meters)
    implements AutoCloseable {
  /** Where the ranges of a new model are computed. */
  Placement placement(String model, ModelSpec spec) {
    int partitions = settings.partitions();
    int shards = Math.min(partitions, Shard.runs(spec.parameters()));
    return new Placement(shards, topics.partition(model), partitions);
  }

  /** The refusal of a request that may be tried again in a moment. */
  static Refusal notReady(String what) {
    return Refusal.of(Problem.NOT_READY, what).retryAfter(1);
  }

  /** The refusal for files that this process cannot read or write; another process may. */
  static Refusal refusal(StorageException failure) {
    return failure.passes()
        ? Failure.refusal(failure)
        : notReady("This server cannot read its files: " + failure.shown());
  }

  @Override
  public void close() {
    clients.close();
    scratch.close();
    data.close();
  }
}
