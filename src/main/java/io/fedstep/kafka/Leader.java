package io.fedstep.kafka;

import io.fedstep.codec.Json;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.Expected;
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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Decides for the models of one partition of the requests. What it decides of a batch of requests
 * is written in one transaction with their offsets; another leader of the partition ends this one's
 * transactions, and begins with what has been written. One thread at a time.
 */
final class Leader implements ModelDecisions.Writer, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Leader.class);

  /** Answers that are kept at most, the oldest of which every process has long read. */
  private static final int ANSWERS = 4096;

  private final Topics topics;
  private final String instance;
  private final TopicPartition partition;
  private final Engine engine;
  private final Producer<String, byte[]> producer;
  private final Replica replica;
  private final ModelFolders folders;
  private final Map<String, ModelLeader> models = new HashMap<>();
  private final Queue<ConsumerRecord<String, byte[]>> requests = new ArrayDeque<>();
  private final Queue<Runnable> events = new ConcurrentLinkedQueue<>();
  private final Runnable wake;
  private final List<ProducerRecord<String, byte[]>> out = new ArrayList<>();
  private final Queue<Runnable> afterwards = new ArrayDeque<>();
  private @Nullable Long next;
  private int answers;

  /**
   * Takes a partition over: ends its last leader's transactions, then reads all it decided.
   *
   * @param wake has {@link #run} called soon, from any thread
   */
  Leader(Cluster cluster, int partition, Runnable wake) {
    topics = cluster.topics();
    engine = cluster.engine();
    this.partition = new TopicPartition(topics.requests(), partition);
    this.wake = wake;
    ClusterSettings settings = cluster.settings();
    instance = settings.instance();
    producer =
        cluster.clients().producer("coordinator-" + partition, settings.transactionMillis(0));
    replica = new Replica(cluster.data(), engine, false, new Replica.Watcher() {});
    folders = new ModelFolders(cluster, replica);
    try {
      producer.initTransactions();
      try (Consumer<String, byte[]> reader = cluster.clients().reader()) {
        Log.readAll(reader, List.of(new TopicPartition(topics.decisions(), partition)), replica);
      }
      replica.models().forEach(this::lead);
      folders.takeIn(partition, this::takeIn);
      models.values().forEach(ModelLeader::takeOver);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private void takeIn(AddedModel added, ModelFolder folder) {
    begin(added);
    ModelDecisions decisions = Objects.requireNonNull(models.get(added.name())).decisions();
    for (Version version : folder.versions()) {
      long number = version.info().version();
      folder.reported(number).forEach((client, report) -> decisions.report(number, client, report));
    }
  }

  private ModelLeader lead(ClusterModel model) {
    var leader = new ModelLeader(model, this, engine);
    models.put(model.state().model(), leader);
    return leader;
  }

  /** Takes requests, in order, and whatever else has happened, and writes what comes of it. */
  void run(List<ConsumerRecord<String, byte[]>> more, ConsumerGroupMetadata group) {
    requests.addAll(more);
    while (!requests.isEmpty()) {
      // a folder may have to go that the next request is about to make
      if (!afterwards.isEmpty() && !commit(group)) {
        return;
      }
      ConsumerRecord<String, byte[]> request = requests.remove();
      take(request.key(), Wire.read(request.value()));
      next = request.offset() + 1;
    }
    for (Runnable event = events.poll(); event != null; event = events.poll()) {
      event.run();
    }
    commit(group);
  }

  /**
   * Writes what was decided, unless the group is just sharing its partitions anew: then the next
   * call writes it, if this partition is still the process's.
   */
  private boolean commit(ConsumerGroupMetadata group) {
    models.values().forEach(ModelLeader::tellVerdicts);
    if (next != null || !out.isEmpty()) {
      producer.beginTransaction();
      try {
        for (ProducerRecord<String, byte[]> message : out) {
          var _ = producer.send(message); // what fails, fails the commit
        }
        if (next != null) {
          producer.sendOffsetsToTransaction(Map.of(partition, new OffsetAndMetadata(next)), group);
        }
      } catch (CommitFailedException e) {
        producer.abortTransaction();
        return false;
      }
      producer.commitTransaction();
      out.clear();
      next = null;
    }
    for (Runnable done = afterwards.poll(); done != null; done = afterwards.poll()) {
      done.run();
    }
    return true;
  }

  /** Takes a request for a model, and answers what is wrong with it. */
  void take(String name, ObjectNode message) {
    JsonNode asker = message.get("asker");
    try {
      take(name, message, asker);
    } catch (RefusedException e) {
      answer(asker, e.refusal());
    } catch (StorageException e) {
      LOG.error("a request for model {} failed", name, e);
      answer(asker, KafkaCoordinator.refusal(e));
    } catch (RuntimeException e) {
      LOG.error("a request for model {} failed", name, e);
      answer(asker, Refusal.of(Problem.INTERNAL, "The server has a fault; its log says more."));
    }
  }

  private void take(String name, ObjectNode message, @Nullable JsonNode asker) {
    ModelLeader model = models.get(name);
    String kind = Wire.text(message, "kind");
    switch (kind) {
      case "create" -> create(name, model, message, asker);
      case "delete" -> delete(name, model, Wire.expected(message), asker);
      default -> {
        String incarnation = Wire.text(message, "incarnation");
        if (model != null && model.incarnation().equals(incarnation)) {
          model.take(kind, message, asker);
        } else if (kind.equals("update")) {
          refuseUnknown(name, message, asker);
        } else {
          answer(asker, Coordinator.noModel(name));
        }
      }
    }
  }

  /** Its numbers may go from where they are. */
  private void refuseUnknown(String name, ObjectNode update, @Nullable JsonNode asker) {
    ObjectNode gone =
        Json.object().put("kind", "verdicts").put("incarnation", Wire.text(update, "incarnation"));
    gone.putArray("admitted");
    gone.putArray("refused").add(Wire.text(update, "upload"));
    toRanges(name, Placement.of(update.required("placement")), gone);
    answer(asker, Coordinator.noModel(name));
  }

  private void create(
      String name, @Nullable ModelLeader existing, ObjectNode message, @Nullable JsonNode asker) {
    ModelHead head = ModelHead.of((ObjectNode) message.required("head"));
    if (existing != null) {
      ModelSpec spec = existing.model().state().spec();
      if (!spec.equals(head.spec())) {
        throw Coordinator.exists(name, spec, head.spec()).exception();
      }
      answer(asker, Json.object().put("created", false));
      return;
    }
    ModelHead now = head.createdAt(engine.clock().instant()); // of all clocks the leader's counts
    folders.make(now);
    begin(AddedModel.of(now, Placement.of(message.required("placement"))));
    answer(asker, Json.object().put("created", true));
  }

  /** Leads a model whose folder is there. */
  void begin(AddedModel added) {
    decide("model/" + added.name(), added.decidedHead());
    decide("round/" + added.name(), added.decidedRound());
    ClusterModel model = replica.model(added.name());
    if (model != null) {
      lead(model).setDeadline();
    }
  }

  private void delete(
      String name, @Nullable ModelLeader model, Expected newest, @Nullable JsonNode asker) {
    String incarnation = replica.known(name);
    if (incarnation == null) {
      throw Coordinator.noModel(name).exception();
    }
    long version = 0;
    List<ObjectNode> waiting = List.of();
    if (model != null) {
      model.checkNewest(newest);
      version = model.model().state().folder().newest().info().version();
      model.end();
      waiting = model.decisions().waitedEnough();
      model.decisions().deleted();
      toRanges(
          name,
          model.model().placement(),
          Json.object().put("kind", "deleted").put("incarnation", incarnation));
      models.remove(name);
    }
    decide("model/" + name, Json.object().put("deleted", incarnation).put("version", version));
    decide("round/" + name, null);
    waiting.forEach(request -> take(name, request));
    afterwards.add(() -> {
      if (model != null) {
        model.model().state().folder().close();
      }
      folders.remove(name, incarnation);
    });
    answer(asker, Json.object());
  }

  // What models' leaders use

  /** The name of this process. */
  String instance() {
    return instance;
  }

  @Override
  public void decide(String key, @Nullable ObjectNode value) {
    replica.apply(key, value);
    write(key, value);
  }

  @Override
  public void write(String key, @Nullable ObjectNode value) {
    byte[] bytes = value == null ? null : Wire.write(value);
    out.add(new ProducerRecord<>(topics.decisions(), partition.partition(), key, bytes));
  }

  /** Answers who asked, if anybody did. */
  void answer(@Nullable JsonNode asker, Refusal refusal) {
    ObjectNode answer = Json.object();
    answer.set("refusal", Wire.refusal(refusal));
    say(asker, answer);
  }

  /** Answers who asked, if anybody did. */
  void answer(@Nullable JsonNode asker, ObjectNode result) {
    ObjectNode answer = Json.object();
    answer.set("result", result);
    say(asker, answer);
  }

  private void say(@Nullable JsonNode asker, ObjectNode answer) {
    if (asker != null) {
      answer.set("asker", asker);
      write("answer/" + answers++ % ANSWERS, answer);
    }
  }

  /** Tells the ranges of a model. */
  void toRanges(String name, Placement placement, ObjectNode message) {
    byte[] bytes = Wire.write(message);
    for (int to : placement.all()) {
      out.add(new ProducerRecord<>(topics.chunks(), to, name, bytes));
    }
  }

  /** Does something after what was decided is written. */
  void afterwards(Runnable action) {
    afterwards.add(action);
  }

  /** Does something between two requests; from any thread. */
  void later(Runnable event) {
    events.add(event);
    wake.run();
  }

  /** Whether {@link #run} has anything to do without a request. */
  boolean hasEvents() {
    return !events.isEmpty() || !out.isEmpty() || !afterwards.isEmpty() || next != null;
  }

  @Override
  public void close() {
    models.values().forEach(ModelLeader::end);
    producer.close(Duration.ZERO);
  }
}
