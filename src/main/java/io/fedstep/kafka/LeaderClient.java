package io.fedstep.kafka;

import io.fedstep.problem.RefusedException;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.apache.kafka.clients.producer.ProducerRecord;
import tools.jackson.databind.node.ObjectNode;

/** Sends requests to models' leaders, and waits for their answers among the decisions. */
final class LeaderClient implements AutoCloseable {

  private final Cluster cluster;
  private final Publisher publisher;
  private final String id = UUID.randomUUID().toString();
  private final AtomicLong numbers = new AtomicLong();
  private final Map<Long, CompletableFuture<LogEntry.Reply>> asked = new ConcurrentHashMap<>();

  LeaderClient(Cluster cluster) {
    this.cluster = cluster;
    publisher = new Publisher(cluster);
  }

  /** Asks a model's leader, and gives what it answers; throws what it refuses. */
  ObjectNode ask(String model, Request.Content content) {
    return ask(model, content, Publisher.Single::new);
  }

  /** The same with messages that go {@code together} with the request, or do not go either. */
  ObjectNode ask(
      String model,
      Request.Content content,
      Function<ProducerRecord<String, byte[]>, Publisher.Messages> together) {
    var replyTo = new ReplyTo(id, numbers.incrementAndGet());
    var answer = new CompletableFuture<LogEntry.Reply>();
    asked.put(replyTo.number(), answer);
    try {
      publisher.write(
          together.apply(
              RequestCodec.message(cluster.topics(), model, new Request(content, replyTo))));
      long patience = cluster.settings().patience().toMillis();
      return switch (answer.orTimeout(patience, TimeUnit.MILLISECONDS).join()) {
        case LogEntry.Result(var result) -> result;
        case LogEntry.Refused(var refusal) -> throw refusal.exception();
      };
    } catch (CompletionException e) {
      if (e.getCause() instanceof RefusedException refused) {
        throw refused;
      }
      throw Cluster.notReady(
              "The model's coordinator has not answered; ask again for what came of it.")
          .exception();
    } finally {
      asked.remove(replyTo.number());
    }
  }

  /** An answer has come, perhaps to a request of this process. */
  void answered(LogEntry.Answer answer) {
    if (answer.replyTo().gateway().equals(id)) {
      CompletableFuture<LogEntry.Reply> waiting = asked.remove(answer.replyTo().number());
      if (waiting != null) {
        waiting.complete(answer.reply());
      }
    }
  }

  @Override
  public void close() {
    publisher.close();
  }
}
