package io.fedstep.kafka;

import io.fedstep.problem.RefusedException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what a gateway has for the models' leaders: all messages of an update, or none. What waits
 * goes in one transaction, which is open only while messages are sent that are at hand.
 */
final class Publisher implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Publisher.class);

  /** Transactions at the same time. */
  private static final int THREADS = 4;

  /** Bytes after which a transaction takes no more. */
  private static final long MUCH = 8 << 20;

  private static final int MOST_WAITING = 10_000;
  private static final int MOST_TOGETHER = 256;
  private static final String SHUTTING_DOWN = "The server is shutting down.";

  /** What belongs together: gives its messages to a producer. */
  interface Messages {
    long bytes();

    void send(Consumer<ProducerRecord<String, byte[]>> producer);
  }

  /** One message alone. */
  record Single(ProducerRecord<String, byte[]> message) implements Messages {
    @Override
    public long bytes() {
      return message.value().length;
    }

    @Override
    public void send(Consumer<ProducerRecord<String, byte[]>> producer) {
      producer.accept(message);
    }
  }

  private record Job(Messages messages, CompletableFuture<Void> written) {}

  /** Wakes a thread that waits for a job. */
  private static final Job END =
      new Job(new Single(new ProducerRecord<>("", new byte[0])), new CompletableFuture<>());

  private final Cluster cluster;
  private final BlockingQueue<Job> jobs = new ArrayBlockingQueue<>(MOST_WAITING);
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean closed;

  Publisher(Cluster cluster) {
    this.cluster = cluster;
    for (int i = 0; i < THREADS; i++) {
      Thread thread = cluster.engine().thread("publish-" + i, this::run);
      threads.add(thread);
      thread.start();
    }
  }

  /** Writes messages, all or none; throws the refusal if that cannot be done now. */
  void write(Messages messages) {
    var job = new Job(messages, new CompletableFuture<>());
    if (!jobs.offer(job)) {
      throw Cluster.notReady("Too much waits for the brokers; try again shortly.").exception();
    }
    if (closed) {
      refuse(List.of(job), SHUTTING_DOWN);
    }
    job.written().join();
  }

  private void run() {
    Producer<String, byte[]> producer = null;
    int timeout = 0;
    List<Job> batch = next();
    for (; !closed; batch = next()) {
      int needed = cluster.settings().transactionMillis(bytes(batch));
      try {
        if (producer == null || timeout != needed) {
          close(producer);
          producer = null;
          producer = begin(needed);
          timeout = needed;
        }
        write(producer, batch);
        batch.forEach(job -> job.written().complete(null));
      } catch (RuntimeException e) {
        LOG.warn("{} messages could not be written", batch.size(), e);
        refuse(batch, "The brokers did not take it; try again shortly.");
        close(producer);
        producer = null;
      }
    }
    close(producer);
    refuse(batch, SHUTTING_DOWN);
  }

  private static void refuse(Collection<Job> jobs, String why) {
    RefusedException refused = Cluster.notReady(why).exception();
    jobs.forEach(job -> job.written().completeExceptionally(refused));
  }

  private static long bytes(List<Job> batch) {
    return batch.stream().mapToLong(job -> job.messages().bytes()).sum();
  }

  private Producer<String, byte[]> begin(int timeout) {
    Producer<String, byte[]> producer =
        cluster.clients().producer("gateway-" + UUID.randomUUID(), timeout);
    try {
      producer.initTransactions();
      return producer;
    } catch (RuntimeException e) {
      producer.close(Duration.ZERO);
      throw e;
    }
  }

  private static void close(@Nullable Producer<String, byte[]> producer) {
    if (producer != null) {
      producer.close(Duration.ZERO);
    }
  }

  private List<Job> next() {
    var batch = new ArrayList<Job>();
    try {
      long bytes = 0;
      for (Job job = jobs.take(); job != null; job = more(batch, bytes) ? jobs.poll() : null) {
        batch.add(job);
        bytes += job.messages().bytes();
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException("publishing is not interrupted", e);
    }
    return batch;
  }

  private boolean more(List<Job> batch, long bytes) {
    return !closed && batch.size() < MOST_TOGETHER && bytes < MUCH;
  }

  private static void write(Producer<String, byte[]> producer, List<Job> batch) {
    producer.beginTransaction();
    try {
      for (Job job : batch) {
        job.messages()
            .send(message -> {
              var _ = producer.send(message); // what fails, fails the commit
            });
      }
      producer.commitTransaction();
    } catch (RuntimeException e) {
      abort(producer, e);
      throw e;
    }
  }

  /** So that nobody waits for it until it is over by time. */
  private static void abort(Producer<String, byte[]> producer, RuntimeException cause) {
    try {
      producer.abortTransaction();
    } catch (RuntimeException e) {
      cause.addSuppressed(e);
    }
  }

  @Override
  public void close() {
    closed = true;
    threads.forEach(_ -> jobs.offer(END));
    threads.forEach(Monitor::join);
    refuse(jobs, SHUTTING_DOWN);
  }
}
