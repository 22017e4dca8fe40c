package io.fedstep.kafka;

import io.fedstep.codec.Json;
import io.fedstep.codec.RecordCodec;
import io.fedstep.codec.VectorSink;
import io.fedstep.coordinator.Admission;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Deadline;
import io.fedstep.coordinator.Failure;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.Upload;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.round.Decision;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.round.VectorSummary;
import io.fedstep.round.Verdict;
import io.fedstep.store.StorageException;
import io.fedstep.store.UpdateMatrix;
import io.fedstep.vector.Shard;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a process does for those who ask it: keeps an update on its own disk until it is whole,
 * writes it, asks the model's leader, and waits for the answer among the decisions.
 */
final class Gateway implements Replica.Watcher, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Gateway.class);

  private final Cluster cluster;
  private final Publisher publisher;
  private final String id = UUID.randomUUID().toString();
  private final AtomicLong numbers = new AtomicLong();
  private final Map<Long, CompletableFuture<ObjectNode>> asked = new ConcurrentHashMap<>();
  private final Map<ClusterModel, UpdateMatrix> spools = new ConcurrentHashMap<>();
  private final Map<ClusterModel, Deadline> deadlines = new ConcurrentHashMap<>();
  private final Map<String, Refusal> broken = new ConcurrentHashMap<>();
  private final Map<ClusterModel, Refusal> stopped = new ConcurrentHashMap<>();
  private final LedModels led;

  Gateway(Cluster cluster) {
    this.cluster = cluster;
    publisher = new Publisher(cluster);
    led = new LedModels(cluster.topics()::partition, cluster.engine().listener());
  }

  // What the decisions tell

  @Override
  public void added(ClusterModel model) {
    ModelState state = model.state();
    broken.remove(state.model());
    led.added(state);
    deadlines.put(model, new Deadline(state, cluster.engine(), null));
    changed(model);
  }

  @Override
  public void reported(ClusterModel model, long version, String client, UpdateMetadata report) {
    model.state().reported(version, client, report);
  }

  @Override
  public void changed(ClusterModel model) {
    Deadline deadline = deadlines.get(model);
    if (deadline != null) {
      model.state().change(deadline::set);
    }
    Refusal why = model.state().ended();
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
    state.end(Coordinator.noModel(state.model()));
    stopped.remove(model);
    led.removed(state.model());
    UpdateMatrix spool = spools.remove(model);
    if (spool != null) {
      spool.remove();
    }
    state.folder().removed();
  }

  @Override
  public void answered(ObjectNode answer) {
    JsonNode asker = answer.required("asker");
    if (Wire.text(asker, "gateway").equals(id)) {
      CompletableFuture<ObjectNode> waiting = asked.remove(asker.required("n").longValue());
      if (waiting != null) {
        waiting.complete(answer);
      }
    }
  }

  @Override
  public void broken(String model, @Nullable RuntimeException cause) {
    if (cause == null) {
      if (broken.remove(model) != null) {
        led.removed(model);
      }
      return;
    }
    led.broken(model);
    broken.put(model, Failure.refusal("Model '%s' cannot be read: ".formatted(model), cause));
  }

  /** The models whose decisions this process takes. */
  LedModels led() {
    return led;
  }

  @Nullable Refusal brokenBy(String model) {
    return broken.get(model);
  }

  // Asking

  /** Asks a model's leader, and gives what it answers; throws what it refuses. */
  ObjectNode ask(String model, String kind, ObjectNode request) {
    return ask(
        model,
        kind,
        request,
        message ->
            new Publisher.Messages() {
              @Override
              public long bytes() {
                return message.value().length;
              }

              @Override
              public void send(Consumer<ProducerRecord<String, byte[]>> producer) {
                producer.accept(message);
              }
            });
  }

  private interface Together {
    Publisher.Messages with(ProducerRecord<String, byte[]> request);
  }

  private ObjectNode ask(String model, String kind, ObjectNode request, Together together) {
    long n = numbers.incrementAndGet();
    request.put("kind", kind).putObject("asker").put("gateway", id).put("n", n);
    var answer = new CompletableFuture<ObjectNode>();
    asked.put(n, answer);
    try {
      publisher.write(
          together.with(
              new ProducerRecord<>(
                  cluster.topics().requests(),
                  cluster.topics().partition(model),
                  model,
                  Wire.write(request))));
      long patience = cluster.settings().patience().toMillis();
      ObjectNode found = answer.orTimeout(patience, TimeUnit.MILLISECONDS).join();
      if (found.has("refusal")) {
        throw Wire.refusal(found.required("refusal")).exception();
      }
      return (ObjectNode) found.required("result");
    } catch (CompletionException e) {
      if (e.getCause() instanceof RefusedException refused) {
        throw refused;
      }
      throw Cluster.notReady(
              "The model's coordinator has not answered; ask again for what came of it.")
          .exception();
    } finally {
      asked.remove(n);
    }
  }

  // Updates

  /** Lets an update send its numbers, or throws the refusal. */
  Upload begin(
      ClusterModel model,
      long from,
      String client,
      @Nullable String base,
      @Nullable String holder) {
    Decision.Accepted earlier = new Admission(model.state()).begin(from, client, base);
    return Upload.begin(
        model.state(), client, holder, earlier, () -> new Spooled(model, from, client));
  }

  private UpdateMatrix spool(ClusterModel model) {
    return spools.computeIfAbsent(
        model, _ -> cluster.scratch().rows(model.state().spec(), Shard.WHOLE));
  }

  /** An upload that goes to this process's disk until it is whole. */
  private final class Spooled implements Upload.Destination {
    private final ClusterModel model;
    private final long from;
    private final String client;
    private final UpdateMatrix spool;
    private final int row;

    Spooled(ClusterModel model, long from, String client) {
      this.model = model;
      this.from = from;
      this.client = client;
      spool = spool(model);
      row = spool.allocate();
    }

    @Override
    public VectorSink sink() {
      return spool.row(row);
    }

    @Override
    public Verdict submit(UpdateMetadata header, VectorSummary content) {
      String upload = UUID.randomUUID().toString();
      ObjectNode request =
          Json.object()
              .put("incarnation", model.incarnation())
              .put("upload", upload)
              .put("from", from)
              .put("client", client);
      request.set("update", Wire.update(header, content));
      request.set("placement", model.placement().write());
      try {
        ObjectNode answer =
            ask(
                model.state().model(),
                "update",
                request,
                message ->
                    new Chunks(
                        cluster.topics(), model, from, spool, row, upload, content, message));
        Decision.Accepted accepted = (Decision.Accepted) RecordCodec.readDecision(answer);
        return answer.required("repeated").booleanValue()
            ? new Verdict.Repeats(accepted)
            : new Verdict.Enters(accepted);
      } catch (RefusedException e) {
        return new Verdict.Refused(e.refusal());
      }
    }

    @Override
    public Refusal failure(StorageException failure) {
      return KafkaCoordinator.refusal(failure);
    }

    @Override
    public void end(boolean accepted) {
      spool.release(row);
    }
  }

  @Override
  public void close() {
    publisher.close();
    spools.values().forEach(UpdateMatrix::remove);
  }
}
