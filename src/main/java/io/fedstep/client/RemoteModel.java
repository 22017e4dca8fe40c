package io.fedstep.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * A model of a server, over HTTP. Every request but {@link #closeRound} is safe to repeat, and is
 * repeated where its answer is lost.
 */
public final class RemoteModel {
  private static final String OCTETS = "application/octet-stream";
  private static final String JSON = "application/json";

  /** What says that there is a next round, and that this one is none of this update. */
  private static final Set<String> WITHOUT_THIS =
      Set.of("round-closed", "base-differs", "update-differs", "training-stopped");

  /** Before it is asked again what a server answered at once that is going down. */
  private static final Duration PAUSE = Duration.ofMillis(500);

  private final Exchange exchange;
  private final String path;

  RemoteModel(Exchange exchange, String name) {
    this.exchange = exchange;
    path = "/v1/models/" + text(name);
  }

  // The model

  /** Creates it; one that exists with the same spec is as good. The answer describes the model. */
  public JsonNode create(String spec) throws IOException, InterruptedException {
    return exchange.json(exchange.put(path, JSON, spec.getBytes(UTF_8)));
  }

  /** Its spec, version, phase and layout. */
  public JsonNode describe() throws IOException, InterruptedException {
    return exchange.json(exchange.get(path));
  }

  /** Removes it and all it stored; none there is as good. */
  public void delete() throws IOException, InterruptedException {
    try {
      exchange.send(exchange.delete(path));
    } catch (RefusedByServer e) {
      if (!e.code().equals("model-not-found")) {
        throw e;
      }
    }
  }

  /** Sets version 0, before any update: the flat vector, little-endian, in the model's dtype. */
  public void setWeights(byte[] bytes) throws IOException, InterruptedException {
    exchange.send(exchange.put(path + "/weights", OCTETS, bytes));
  }

  // Weights

  /** The newest weights. */
  public Weights newest() throws IOException, InterruptedException {
    return weights(exchange.send(octets("/weights")));
  }

  /** The weights of a version that is kept. */
  public Weights version(long version) throws IOException, InterruptedException {
    return weights(exchange.send(octets("/versions/" + version + "/weights")));
  }

  /** Waits for others than the last; where training stops without, the last once more. */
  public Weights after(Weights last) throws IOException, InterruptedException {
    while (true) {
      var answer =
          exchange.send(
              octets("/weights?wait=30s").header("If-None-Match", "\"" + last.tag() + "\""));
      if (answer.statusCode() == 200) {
        return weights(answer);
      }
      if (stopped(answer)) {
        return new Weights(last.version(), last.tag(), true, last.bytes());
      }
    }
  }

  private HttpRequest.Builder octets(String address) {
    return exchange.get(path + address).header("Accept", OCTETS);
  }

  private static Weights weights(HttpResponse<byte[]> answer) throws IOException {
    String tag = header(answer, "ETag");
    return new Weights(
        Long.parseLong(header(answer, "Fedstep-Version")),
        tag.substring(1, tag.length() - 1),
        stopped(answer),
        answer.body());
  }

  private static boolean stopped(HttpResponse<?> answer) {
    return answer.headers().firstValue("Fedstep-Phase").orElse("").equals("stopped");
  }

  private static String header(HttpResponse<?> answer, String name) throws IOException {
    return answer
        .headers()
        .firstValue(name)
        .orElseThrow(() -> new IOException(answer.uri() + " came without " + name));
  }

  // Rounds

  /**
   * Submits what a client computed from {@code base}; on return it is on stable storage.
   *
   * @return the receipt
   */
  public JsonNode submit(String client, Weights base, Update update)
      throws IOException, InterruptedException {
    var address =
        new StringBuilder(
            "%s/rounds/%s/updates/%s?weight=%s&base=%s"
                .formatted(path, base.version(), text(client), update.weight(), text(base.tag())));
    update
        .metrics()
        .forEach((name, value) -> address.append("&metric.%s=%s".formatted(text(name), value)));
    return exchange.json(exchange.put(address.toString(), OCTETS, update.bytes()));
  }

  /**
   * Takes part in every round to which the client is invited, until training stops; the weights at
   * the end. A round may invite more clients at each of its deadlines.
   */
  public Weights train(String client, LocalStep step) throws IOException, InterruptedException {
    boolean samples = currentRound().path("participation").asDouble(1) < 1;
    Weights weights = newest();
    while (!weights.stopped()) {
      try {
        if (!samples || becomesInvited(client, weights)) {
          submit(client, weights, step.run(weights));
        }
      } catch (RefusedByServer e) {
        if (e.code().equals("not-invited")) { // by a policy that is new
          samples = true;
          continue;
        }
        if (!WITHOUT_THIS.contains(e.code())) {
          throw e;
        }
      }
      weights = after(weights);
    }
    return weights;
  }

  /** Waits until a client is invited; false where there are other weights, or training stops. */
  private boolean becomesInvited(String client, Weights weights)
      throws IOException, InterruptedException {
    while (true) {
      JsonNode current =
          exchange.json(exchange.get(path + "/rounds/current?wait=30s&client=" + text(client)));
      if (!current.path("base").asString("").equals(weights.tag())
          || current.path("phase").asString("").equals("stopped")) {
        return false;
      }
      if (current.path("invited").asBoolean(true)) {
        return true;
      }
      Thread.sleep(PAUSE);
    }
  }

  /** The open round. */
  public JsonNode currentRound() throws IOException, InterruptedException {
    return exchange.json(exchange.get(path + "/rounds/current"));
  }

  /** The record of a round that is over. */
  public JsonNode round(long round) throws IOException, InterruptedException {
    return exchange.json(exchange.get(path + "/rounds/" + round));
  }

  /** Closes the open round now; its record. */
  public JsonNode closeRound() throws IOException, InterruptedException {
    return exchange.json(exchange.post(path + "/rounds/current/close"));
  }

  // Optimizer

  /** The state of the optimizer's modules, as declearn's {@code get_state} packs it. */
  public byte[] optimizerState() throws IOException, InterruptedException {
    return exchange.send(exchange.get(path + "/optimizer/state")).body();
  }

  /**
   * Restores such a state: a new version, if {@code newest} is the newest until then. After a lost
   * answer {@code version-differs} may mean that it was done.
   *
   * @return model, version and base
   */
  public JsonNode restoreOptimizerState(byte[] state, long newest)
      throws IOException, InterruptedException {
    return exchange.json(exchange.put(path + "/optimizer/state?newest=" + newest, JSON, state));
  }

  private static String text(String part) {
    return URLEncoder.encode(part, UTF_8).replace("+", "%20");
  }
}
