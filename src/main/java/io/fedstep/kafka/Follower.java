package io.fedstep.kafka;

import io.fedstep.problem.RefusedException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
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
import tools.jackson.databind.node.ObjectNode;

/** Reads all decisions as they are written: what this process knows of every model. */
final class Follower implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Follower.class);
  private static final Duration POLL = Duration.ofSeconds(1);

  private final Cluster cluster;
  private final List<TopicPartition> partitions;
  private final long[] positions;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition moved = lock.newCondition();
  private final Consumer<String, byte[]> reader;
  private final Ends ends;
  private final Replica replica;
  private final Gateway gateway;
  private volatile long lag;
  private volatile boolean closed;
  private volatile boolean lost;
  private volatile boolean agreed;
  private volatile Runnable whenLost = () -> {};
  private @Nullable Thread thread;

  Follower(Cluster cluster) {
    this.cluster = cluster;
    int count = cluster.settings().partitions();
    partitions =
        IntStream.range(0, count)
            .mapToObj(p -> new TopicPartition(cluster.topics().decisions(), p))
            .toList();
    positions = new long[count];
    reader = cluster.clients().reader();
    ends = new Ends(cluster, partitions);
    gateway = new Gateway(cluster);
    replica = new Replica(cluster.data(), cluster.engine(), true, gateway);
  }

  /** Reads what was decided until now, then goes on with that. */
  void start() {
    Log.readAll(reader, partitions, replica);
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
              decision.key(), decision.value() == null ? null : Wire.read(decision.value()));
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
    String differing = agreed ? new Agreement(cluster).differing() : "";
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

  @Nullable ObjectNode settings() {
    return replica.settings();
  }

  private void move() {
    lag = Membership.lag(reader);
    lock.lock();
    try {
      for (TopicPartition partition : partitions) {
        positions[partition.partition()] = reader.position(partition);
      }
      moved.signalAll();
    } finally {
      lock.unlock();
    }
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

  Set<String> names() {
    return replica.names();
  }

  Gateway gateway() {
    return gateway;
  }

  /** Waits until all is read that was decided until now in a partition. */
  void catchUp(int partition) {
    long end = end(partitions.get(partition), cluster.settings().patience().toNanos());
    await(() -> positions[partition] >= end);
  }

  /** Waits until something is read of which it is known that it is decided. */
  void await(BooleanSupplier isRead) {
    long time = cluster.settings().patience().toNanos();
    lock.lock();
    try {
      while (!isRead.getAsBoolean()) {
        if (time <= 0 || closed) {
          throw behind();
        }
        time = moved.awaitNanos(time);
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException("waits are not interrupted", e);
    } finally {
      lock.unlock();
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
      try {
        running.join();
      } catch (InterruptedException e) {
        throw new IllegalStateException("the end is not interrupted", e);
      }
    }
    ends.close();
    gateway.close();
  }
}
