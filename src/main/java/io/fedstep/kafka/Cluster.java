package io.fedstep.kafka;

import io.fedstep.coordinator.Engine;
import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.store.DataFolder;
import io.fedstep.store.ScratchFolder;
import java.time.Duration;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ObjectNode;

/** What the parts of a process have in common. */
final class Cluster implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Cluster.class);

  private static final Duration RETRY = Duration.ofSeconds(1);

  private final ClusterSettings settings;
  private final Topics topics;
  private final DataFolder data;
  private final ScratchFolder scratch;
  private final Engine engine;
  private final ClusterMeters meters;
  private final Clients clients;
  private final Producer<String, byte[]> producer;
  private final Follower follower;
  private volatile boolean closed;

  Cluster(
      ClusterSettings settings,
      Clients clients,
      DataFolder data,
      ScratchFolder scratch,
      Engine engine,
      ClusterMeters meters) {
    this.settings = settings;
    this.clients = clients;
    this.data = data;
    this.scratch = scratch;
    this.engine = engine;
    this.meters = meters;
    topics = new Topics(settings);
    producer = clients.producer();
    follower = new Follower(this);
  }

  ClusterSettings settings() {
    return settings;
  }

  Topics topics() {
    return topics;
  }

  DataFolder data() {
    return data;
  }

  ScratchFolder scratch() {
    return scratch;
  }

  Engine engine() {
    return engine;
  }

  ClusterMeters meters() {
    return meters;
  }

  Clients clients() {
    return clients;
  }

  Follower follower() {
    return follower;
  }

  /** Has this process know all that was decided until now for a model. */
  void catchUp(String model) {
    follower.catchUp(topics.partition(model));
  }

  /** A model that exists, or null. */
  @Nullable ClusterModel model(String name, String incarnation) {
    for (int look = 0; look < 2; look++) {
      ClusterModel model = follower.model(name);
      if (model != null && model.incarnation().equals(incarnation)) {
        return model;
      }
      catchUp(name);
    }
    return null;
  }

  Placement placement(String model, ModelSpec spec) {
    return Placement.of(topics, model, spec.parameters(), settings.partitions());
  }

  /** Tells a model's leader, until the brokers have it, what may be told twice. */
  void tell(String model, ObjectNode message) {
    if (closed) {
      return;
    }
    var _ =
        producer.send(
            new ProducerRecord<>(
                topics.requests(), topics.partition(model), model, Wire.write(message)),
            (_, failure) -> {
              if (failure != null) {
                LOG.warn("the leader of model {} cannot be told yet", model, failure);
                var _ = engine.after(RETRY, () -> tell(model, message));
              }
            });
  }

  static Refusal notReady(String what) {
    return Refusal.of(Problem.NOT_READY, what).retryAfter(1);
  }

  @Override
  public void close() {
    closed = true;
    follower.close();
    producer.close(Duration.ZERO);
    clients.close();
    scratch.close();
    data.close();
  }
}
