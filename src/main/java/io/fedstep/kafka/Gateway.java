package io.fedstep.kafka;

import io.fedstep.coordinator.Deadline;
import io.fedstep.coordinator.Failure;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.NotFound;
import io.fedstep.problem.Refusal;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.store.StorageException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a process does for those who ask it: takes updates and changes to the models' leaders, shows
 * deadlines, and says which models are stopped or cannot be read.
 */
final class Gateway implements Replica.Watcher, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Gateway.class);

  private final Cluster cluster;
  private final LeaderClient leaders;
  private final Uploads uploads;
  private final LedModels led;
  private final Map<ClusterModel, Deadline> deadlines = new ConcurrentHashMap<>();
  private final Map<String, Refusal> broken = new ConcurrentHashMap<>();
  private final Map<ClusterModel, Refusal> stopped = new ConcurrentHashMap<>();

  Gateway(Cluster cluster) {
    this.cluster = cluster;
    leaders = new LeaderClient(cluster);
    uploads = new Uploads(cluster, leaders);
    led = new LedModels(cluster.topics()::partition, cluster.engine().listener());
  }

  /** Asks models' leaders. */
  LeaderClient leaders() {
    return leaders;
  }

  /** Takes updates in. */
  Uploads uploads() {
    return uploads;
  }

  /** The models whose decisions this process takes. */
  LedModels led() {
    return led;
  }

  /** Why a model cannot be read, or null if it can. */
  @Nullable Refusal brokenBy(String model) {
    return broken.get(model);
  }

  // What the decisions tell

  @Override
  public void added(ClusterModel model) {
    ModelState state = model.state();
    broken.remove(state.model());
    led.added(state);
    deadlines.put(model, new Deadline(state, cluster.engine()));
    changed(model);
  }

  @Override
  public void reported(ClusterModel model, long version, String client, UpdateMetadata report) {
    model.state().notes().reported(version, client, report);
  }

  @Override
  public void changed(ClusterModel model) {
    Deadline deadline = deadlines.get(model);
    if (deadline != null) {
      model.state().change(deadline::set);
    }
    Refusal why = model.state().endedBy();
    if (why == null) {
      stopped.remove(model);
    } else if (!why.equals(stopped.put(model, why))) {
      LOG.error("model {} is stopped: {}", model.state().model(), why.detail());
    }
  }

  @Override
  public void removed(ClusterModel model) {
    ModelState state = model.state();
    Deadline deadline = deadlines.remove(model);
    if (deadline != null) {
      state.change(deadline::cancel);
    }
    state.end(NotFound.model(state.model()));
    stopped.remove(model);
    led.removed(state.model());
    uploads.removed(model);
    state.folder().removed();
  }

  @Override
  public void answered(LogEntry.Answer answer) {
    leaders.answered(answer);
  }

  @Override
  public void broken(String model, @Nullable RuntimeException cause) {
    if (cause != null) {
      led.broken(model);
      Refusal why = Failure.refusal("Model '%s' cannot be read: ".formatted(model), cause);
      if (!why.equals(broken.put(model, why)) && cause instanceof StorageException) {
        LOG.error(
            "model {} cannot be read: {}. Put what is named back, from a back-up, and restart the"
                + " processes one after the other; or DELETE the model",
            model,
            cause.getMessage());
      }
    } else if (broken.remove(model) != null) {
      led.removed(model);
    }
  }

  @Override
  public void close() {
    leaders.close();
    uploads.close();
  }
}
