package io.fedstep.kafka;

import io.fedstep.codec.Json;
import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.NewModels;
import io.fedstep.coordinator.NotFound;
import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.store.ModelFolder;
import io.fedstep.store.ModelHead;
import io.fedstep.store.StorageException;
import io.fedstep.store.Version;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Decides for the models of one partition of the requests. What it decides of a batch of requests
 * is written in one transaction with their offsets; another leader of the partition ends this one's
 * transactions, and begins with what has been written. One thread at a time.
 */
final class Leader implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Leader.class);

  private final Engine engine;
  private final Producer<String, byte[]> producer;
  private final Replica replica;
  private final Outbox outbox;
  private final LeaderContext leadership;
  private final ModelFolders folders;
  private final Map<String, ModelLeader> models = new HashMap<>();
  private final Queue<ConsumerRecord<String, byte[]>> requests = new ArrayDeque<>();
  private final Queue<Runnable> events = new ConcurrentLinkedQueue<>();
  private final Runnable wake;

  /**
   * Takes a partition over: ends its last leader's transactions, then reads all it decided.
   *
   * @param wake has {@link #run} called soon, from any thread
   */
  Leader(Cluster cluster, int partition, Runnable wake) {
    engine = cluster.engine();
    this.wake = wake;
    ClusterSettings settings = cluster.settings();
    producer =
        cluster.clients().producer("coordinator-" + partition, settings.transactionMillis(0));
    replica = new Replica(cluster.data(), engine, false, new Unread());
    outbox = new Outbox(cluster.topics(), partition, replica);
    leadership = new LeaderContext(outbox, engine, settings.instance(), this::later);
    folders = new ModelFolders(cluster, replica);
    try {
      producer.initTransactions();
      var decisions = new TopicPartition(cluster.topics().decisions(), partition);
      try (Consumer<String, byte[]> reader = cluster.clients().reader()) {
        DecisionReader.readAll(reader, List.of(decisions), replica);
      }
      replica.models().forEach(this::lead);
      folders.adopt(partition, this::adopt);
      models.values().forEach(model -> model.rounds().takeOver());
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** Says which models nobody leads meanwhile; why, and what to do, each gateway says. */
  private static final class Unread implements Replica.Watcher {
    @Override
    public void broken(String model, @Nullable RuntimeException cause) {
      if (cause instanceof StorageException) {
        LOG.error("model {} is not led: {}", model, cause.getMessage());
      }
    }
  }

  private void adopt(AddedModel added, ModelFolder folder) {
    begin(added);
    ModelDecisions decisions = Objects.requireNonNull(models.get(added.name())).decisions();
    for (Version version : folder.versions()) {
      long number = version.info().version();
      folder
          .reported(number)
          .forEach((client, report) -> decisions.reported(number, client, report));
    }
  }

  private ModelLeader lead(ClusterModel model) {
    String name = model.state().model();
    var leader = new ModelLeader(model, leadership, request -> handle(name, request));
    models.put(name, leader);
    return leader;
  }

  /** Handles requests, in order, and whatever else has happened, and writes what comes of it. */
  void run(List<ConsumerRecord<String, byte[]>> more, ConsumerGroupMetadata group) {
    requests.addAll(more);
    while (!requests.isEmpty()) {
      // a folder may have to go that the next request is about to make
      if (outbox.hasAfterCommit() && !commit(group)) {
        return;
      }
      ConsumerRecord<String, byte[]> request = requests.remove();
      ObjectNode json = MessageJson.read(request.value());
      handle(request.key(), RequestCodec.replyTo(json), () -> RequestCodec.content(json));
      outbox.handled(request.offset() + 1);
    }
    for (Runnable event = events.poll(); event != null; event = events.poll()) {
      event.run();
    }
    commit(group);
  }

  private boolean commit(ConsumerGroupMetadata group) {
    models.values().forEach(model -> model.ranges().tellVerdicts());
    return outbox.commit(producer, group);
  }

  private void handle(String name, Request request) {
    handle(name, request.replyTo(), request::content);
  }

  /** Handles a request for a model, and answers what is wrong with it. */
  private void handle(String name, @Nullable ReplyTo replyTo, Supplier<Request.Content> content) {
    try {
      handle(name, content.get(), replyTo);
    } catch (RefusedException e) {
      outbox.answer(replyTo, e.refusal());
    } catch (StorageException e) {
      engine.logError("a request for model " + name + " failed", e);
      outbox.answer(replyTo, Cluster.refusal(e));
    } catch (RuntimeException e) {
      LOG.error("a request for model {} failed", name, e);
      outbox.answer(
          replyTo, Refusal.of(Problem.INTERNAL, "The server has a fault; its log says more."));
    }
  }

  private void handle(String name, Request.Content content, @Nullable ReplyTo replyTo) {
    ModelLeader model = models.get(name);
    switch (content) {
      case Request.Create(var head, var placement) -> create(model, head, placement, replyTo);
      case Request.Delete(var newest) -> delete(name, model, newest, replyTo);
      case Request.OfModel of -> {
        if (model != null && model.model().incarnation().equals(of.incarnation())) {
          model.handle(of, replyTo);
        } else {
          if (of instanceof Request.Update update) { // its numbers may go from where they are
            outbox.toRanges(name, update.placement(), update.refused());
          }
          outbox.answer(replyTo, NotFound.model(name));
        }
      }
    }
  }

  private void create(
      @Nullable ModelLeader existing,
      ModelHead head,
      Placement placement,
      @Nullable ReplyTo replyTo) {
    if (existing != null) {
      ModelSpec spec = existing.model().state().spec();
      if (!spec.equals(head.spec())) {
        throw NewModels.exists(head.model(), spec, head.spec()).exception();
      }
      outbox.answer(replyTo, Json.object().put("created", false));
      return;
    }
    ModelHead now = head.createdAt(engine.clock().instant()); // of all clocks the leader's counts
    folders.make(now);
    begin(AddedModel.of(now, placement));
    outbox.answer(replyTo, Json.object().put("created", true));
  }

  /** Leads a model whose folder is there. */
  private void begin(AddedModel added) {
    added.decide(outbox);
    ClusterModel model = replica.model(added.name());
    if (model != null) {
      lead(model).rounds().setDeadline();
    }
  }

  private void delete(
      String name, @Nullable ModelLeader model, Expected newest, @Nullable ReplyTo replyTo) {
    String incarnation = replica.known(name);
    if (incarnation == null) {
      throw NotFound.model(name).exception();
    }
    long version = 0;
    List<Request> waiting = List.of();
    if (model != null) {
      model.checkNewest(newest);
      version = model.model().state().folder().newest().info().version();
      waiting = model.delete();
      models.remove(name);
    }
    outbox.decide(new LogEntry.Deleted(name, incarnation, version));
    outbox.write(new LogEntry.Gone(LogEntry.OpenRound.key(name)));
    waiting.forEach(request -> handle(name, request));
    outbox.afterCommit(() -> {
      if (model != null) {
        model.model().state().folder().close();
      }
      folders.remove(name, incarnation);
    });
    outbox.answer(replyTo, Json.object());
  }

  /** Does something between two requests; from any thread. */
  private void later(Runnable event) {
    events.add(event);
    wake.run();
  }

  /** Whether {@link #run} has anything to do without a request. */
  boolean hasEvents() {
    return !events.isEmpty() || !outbox.isEmpty();
  }

  @Override
  public void close() {
    models.values().forEach(model -> model.rounds().leave());
    producer.close(Duration.ZERO);
  }
}
