package io.fedstep.kafka;

import io.fedstep.problem.RefusedException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads all decisions as they are written: what this process knows of every model. */
final class DecisionFollower implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DecisionFollower.class);
  private static final Duration POLL = Duration.ofSeconds(1);

  private final Cluster cluster;
  private final List<TopicPartition> partitions;
  private final long[] positions;
  private final Monitor monitor = new Monitor();
  private final Consumer<String, byte[]> reader;
  private final EndOffsets ends;
  private final Replica replica;
  private volatile long lag;
  private volatile boolean closed;
  private volatile boolean lost;
  private volatile boolean agreed;
  private volatile Runnable whenLost = () -> {};
  private @Nullable Thread thread;

  /** Follows; {@code watcher} is told of models and answers. */
  DecisionFollower(Cluster cluster, Replica.Watcher watcher) {
    this.cluster = cluster;
    int count = cluster.settings().partitions();
    partitions =
        IntStream.range(0, count)
            .mapToObj(p -> new TopicPartition(cluster.topics().decisions(), p))
            .toList();
    positions = new long[count];
    reader = cluster.clients().reader();
    ends = new EndOffsets(cluster, partitions);
    replica = new Replica(cluster.data(), cluster.engine(), true, watcher);
  }

  /** Reads what was decided until now, then goes on with that. */
  void start() {
    DecisionReader.readAll(reader, partitions, replica);
    move();
    Thread reads = cluster.engine().thread("decisions", this::run);
    thread = reads;
    reads.start();
  }

  private void run() {
    try {
      while (!closed) {
        for (ConsumerRecord<String, byte[]> decision : reader.poll(POLL)) {
          replica.applyOrBreak(
              decision.key(), decision.value() == null ? null : MessageJson.read(decision.value()));
        }
        checkSettings();
        move();
      }
    } catch (WakeupException e) {
      // it is closed
    } catch (RuntimeException e) {
      LOG.error("decisions cannot be read any more", e);
      lost = true;
      whenLost.run();
      cluster.engine().drain(); // nothing that this process says is right from now on
    } finally {
      reader.close(CloseOptions.timeout(Duration.ZERO));
    }
  }

  /** Two that start at once may each have found nobody: the later decision counts. */
  private void checkSettings() {
    String differing =
        agreed ? SharedSettings.of(cluster.engine()).differing(replica.settings()) : "";
    if (!differing.isEmpty()) {
      throw new ClusterException(differing + ": end this process");
    }
  }

  /** From now on the cluster's settings are this process's. */
  void agreed() {
    agreed = true;
  }

  /** Does something when this process follows the decisions no more. */
  void whenLost(Runnable action) {
    whenLost = action;
    if (lost) {
      action.run();
    }
  }

  /** Whether this process follows the decisions no more. */
  boolean isLost() {
    return lost;
  }

  @Nullable SharedSettings settings() {
    return replica.settings();
  }

  private void move() {
    lag = Membership.lag(reader);
    monitor.change(() -> {
      for (TopicPartition partition : partitions) {
        positions[partition.partition()] = reader.position(partition);
      }
    });
  }

  /** Decisions that were not read yet when it last looked. */
  long lag() {
    return lag;
  }

  @Nullable ClusterModel model(String name) {
    return replica.model(name);
  }

  Collection<ClusterModel> models() {
    return replica.models();
  }

  /** A model of that incarnation, or null if there is none. */
  @Nullable ClusterModel model(String name, String incarnation) {
    for (int look = 0; look < 2; look++) {
      ClusterModel model = model(name);
      if (model != null && model.incarnation().equals(incarnation)) {
        return model;
      }
      catchUp(name);
    }
    return null;
  }

  /** Whether it is decided that a model is no more; not while the brokers do not say. */
  boolean isDeleted(ClusterModel model) {
    String name = model.state().model();
    try {
      catchUp(name);
    } catch (RefusedException e) {
      return false;
    }
    return model(name) != model;
  }

  /** Waits until all is read that was decided until now for a model. */
  void catchUp(String model) {
    catchUp(cluster.topics().partition(model));
  }

  /** Waits until all is read that was decided until now in a partition. */
  void catchUp(int partition) {
    long end = end(partitions.get(partition), cluster.settings().patience().toNanos());
    await(() -> positions[partition] >= end);
  }

  /** Waits until something is read of which it is known that it is decided. */
  void await(BooleanSupplier isRead) {
    if (!monitor.await(() -> isRead.getAsBoolean() || closed, cluster.settings().patience())
        || !isRead.getAsBoolean()) {
      throw behind();
    }
  }

  private long end(TopicPartition partition, long nanos) {
    try {
      return ends.of(partition).get(nanos, TimeUnit.NANOSECONDS);
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("the end of {} is not known", partition, e);
      throw behind();
    } catch (InterruptedException e) {
      throw new IllegalStateException("waits are not interrupted", e);
    }
  }

  private static RefusedException behind() {
    return Cluster.notReady("The brokers do not answer; try again shortly.").exception();
  }

  @Override
  public void close() {
    closed = true;
    reader.wakeup();
    Thread running = thread;
    if (running != null) {
      Monitor.join(running);
    }
    ends.close();
  }
}
