package io.fedstep.kafka;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Asks the brokers how far partitions are written. Questions that come while one is under way are
 * asked together. A consumer looks for a partition's next leader when a broker dies; the admin
 * client would wait for the dead one.
 */
final class EndOffsets implements AutoCloseable {
  private final Consumer<String, byte[]> consumer;
  private final Duration longest;
  private final Monitor monitor = new Monitor();
  private final Thread thread;
  private Map<TopicPartition, CompletableFuture<Long>> asked = new HashMap<>();
  private boolean closed;

  /** Asks for some of {@code partitions}. */
  EndOffsets(Cluster cluster, Collection<TopicPartition> partitions) {
    consumer = cluster.clients().reader();
    consumer.assign(partitions); // of any other it would warn each time that it is asked
    longest = cluster.settings().sessionTimeout();
    thread = cluster.engine().thread("ends", this::run);
    thread.start();
  }

  /** The offset behind all that was committed before the call, or a failure of Kafka. */
  CompletableFuture<Long> of(TopicPartition partition) {
    var answer = new AtomicReference<CompletableFuture<Long>>();
    monitor.change(
        () -> answer.set(asked.computeIfAbsent(partition, _ -> new CompletableFuture<>())));
    return answer.get();
  }

  private void run() {
    for (var questions = nextQuestions(); questions != null; questions = nextQuestions()) {
      answer(questions);
    }
    consumer.close(CloseOptions.timeout(Duration.ZERO));
  }

  /** What is asked, once something is; null when it is closed. */
  private @Nullable Map<TopicPartition, CompletableFuture<Long>> nextQuestions() {
    return monitor.await(
        () -> !asked.isEmpty() || closed,
        () -> {
          Map<TopicPartition, CompletableFuture<Long>> questions = asked;
          asked = new HashMap<>();
          return closed ? null : questions;
        });
  }

  private void answer(Map<TopicPartition, CompletableFuture<Long>> questions) {
    try {
      Map<TopicPartition, Long> ends = consumer.endOffsets(questions.keySet(), longest);
      questions.forEach(
          (partition, answer) -> answer.complete(Objects.requireNonNull(ends.get(partition))));
    } catch (RuntimeException e) {
      questions.values().forEach(answer -> answer.completeExceptionally(e));
    }
  }

  @Override
  public void close() {
    monitor.change(() -> closed = true);
    consumer.wakeup();
    Monitor.join(thread);
  }
}
