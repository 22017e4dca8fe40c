package io.fedstep.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A model of a server, over HTTP, as those see it who train and evaluate. Every request is safe to
 * repeat, and is repeated where its answer is lost.
 */
public final class RemoteModel {
  private static final System.Logger LOG = System.getLogger("io.fedstep.client");

  private static final String JSON = "application/json";

  private final Exchange exchange;
  private final String name;
  private final String path;
  private final Versions versions;
  private final Sent sent;
  private final SafetyRules.Told told;

  RemoteModel(Exchange exchange, String name, SafetyRules.Told told) {
    this.exchange = exchange;
    this.name = name;
    path = "/v1/models/" + Exchange.text(name);
    versions = new Versions(exchange, path, toString());
    sent = new Sent(exchange, versions, path, name, told);
    this.told = told;
  }

  @Override
  public String toString() {
    return "'" + name + "'";
  }

  // The model

  /**
   * Creates it; one that exists with the same tensors and dtype is as good, and what else differs
   * is logged. The answer describes the model. Statistics that are only averaged, such as those of
   * BatchNorm, are tensors of another step: {@code {"tensors": {"conv.weight": [8, 3, 3],
   * "bn.running_var": {"shape": [8], "step": "plain"}}}}.
   */
  public JsonNode create(String spec) throws IOException, InterruptedException {
    try {
      return put(spec);
    } catch (RefusedByServer e) {
      List<String> differs =
          e.problem().path("differs").valueStream().map(JsonNode::asString).toList();
      if (!e.code().equals("model-exists")
          || differs.isEmpty()
          || differs.stream().anyMatch(one -> one.matches("(tensors|dtype)(\\..*)?"))) {
        throw e;
      }
      LOG.log(Level.WARNING, "{0} is there already, with other {1}", this, differs);
      return describe();
    }
  }

  /** Creates it as a document says. One that is to be secure is known as such from then on. */
  JsonNode put(String document) throws IOException, InterruptedException {
    told.note(name, JsonMapper.shared().readTree(document));
    return noted(exchange.json(exchange.put(path, JSON, document.getBytes(UTF_8))));
  }

  /** Its spec, version, phase and layout. */
  public JsonNode describe() throws IOException, InterruptedException {
    return noted(versions.describe());
  }

  private JsonNode noted(JsonNode described) {
    told.note(name, described);
    return described;
  }

  String name() {
    return name;
  }

  /** Whether a round has an update of a client. */
  boolean hasUpdate(String client, long round) throws IOException, InterruptedException {
    return sent.hasUpdate(client, round);
  }

  /** Where tensors are in the vector of the model to which a version's tag belongs. */
  Layout layout(String tag) throws IOException, InterruptedException {
    return versions.layout(tag);
  }

  Exchange exchange() {
    return exchange;
  }

  String path() {
    return path;
  }

  /** Sets version 0, before any update: the flat vector, little-endian, in the model's dtype. */
  public void setWeights(byte[] bytes) throws IOException, InterruptedException {
    exchange.send(exchange.put(path + "/weights", Body.OCTETS, bytes));
  }

  // Weights

  /** The newest weights. */
  public Weights newest() throws IOException, InterruptedException {
    return versions.newest(null);
  }

  /**
   * The newest weights, fetched in fewer bytes: of the next version only what differs. Where a
   * weight would be infinite in the dtype they come whole.
   */
  public Weights newest(Download dtype) throws IOException, InterruptedException {
    return versions.newest(dtype);
  }

  /** The weights of a version that is kept. */
  public Weights version(long version) throws IOException, InterruptedException {
    return versions.get(version);
  }

  /**
   * The control with which clients train from the newest version of a model with {@code
   * scaffold-server}, and of which round a client's own is there.
   */
  public Control control(String client) throws IOException, InterruptedException {
    return versions.control(client, "/control");
  }

  /** The same of a version that is kept. */
  public Control control(String client, long version) throws IOException, InterruptedException {
    return versions.control(client, "/versions/" + version + "/control");
  }

  /** Waits for others than the last; where training stops without, the last once more. */
  public Weights after(Weights last) throws IOException, InterruptedException {
    return after(last, null);
  }

  /** The same, fetched in fewer bytes. */
  public Weights after(Weights last, @Nullable Download dtype)
      throws IOException, InterruptedException {
    while (true) {
      Weights newer = versions.after(last, dtype);
      if (newer != null) {
        return newer;
      }
    }
  }

  // Rounds

  /**
   * Submits what a client computed from {@code base}; on return it is on stable storage. A metric
   * never costs an update: what is no finite number is left out, with a warning.
   *
   * @return the receipt
   * @throws UnsafeException for a model that was told secure; {@link #train} trains it
   */
  public JsonNode submit(String client, Weights base, Update update)
      throws IOException, InterruptedException {
    return sent.submit(client, base, update);
  }

  /** Tells what a client measured of a version; its last report counts. */
  public void report(String client, long version, Evaluation.Report report)
      throws IOException, InterruptedException {
    sent.report(client, version, report);
  }

  /**
   * Takes part in every round to which the client is invited, until training stops, or the client's
   * budget of a private model is spent; the weights at the end. A round may invite more clients at
   * each of its deadlines.
   */
  public Weights train(String client, LocalStep step) throws IOException, InterruptedException {
    return train(Participation.of(client), step);
  }

  /**
   * The same, as it is asked for. A model that is not there yet, or was removed, is waited for as
   * long as patience lasts; where the step fails, the server is told. Updates to a secure model are
   * masked, so that the server sees the sum of a round and not what is in it; a round in which that
   * cannot be is sat out, with a warning.
   *
   * @throws UnsafeException if a model that was told secure is not, or its spec is no safe one
   * @throws IOException if another process sends under the same id
   */
  public Weights train(Participation participation, LocalStep step)
      throws IOException, InterruptedException {
    if (participation.secure()) {
      told.secure(name);
    }
    var secure = new SecureContributions(exchange, versions, path, name, participation, told);
    return new Training(versions, sent, participation, step, secure).run();
  }

  /** The open round. */
  public JsonNode currentRound() throws IOException, InterruptedException {
    return versions.currentRound();
  }

  /** The record of a round that is over. */
  public JsonNode round(long round) throws IOException, InterruptedException {
    return exchange.json(exchange.get(path + "/rounds/" + round));
  }

  // Privacy

  /**
   * What the client that took part in most rounds has spent of the budget: epsilon, delta, budget,
   * rounds, rounds_left, clip_norm.
   *
   * @throws RefusedByServer {@code not-found} of a model without privacy
   */
  public JsonNode privacy() throws IOException, InterruptedException {
    return exchange.json(exchange.get(path + "/privacy"));
  }

  /** What one client has spent. */
  public JsonNode privacy(String client) throws IOException, InterruptedException {
    return exchange.json(exchange.get(path + "/privacy?client=" + Exchange.text(client)));
  }

  // Optimizer

  /** The state of the optimizer's modules, as declearn's {@code get_state} packs it. */
  public byte[] optimizerState() throws IOException, InterruptedException {
    return exchange.send(exchange.get(path + "/optimizer/state")).body();
  }
}
