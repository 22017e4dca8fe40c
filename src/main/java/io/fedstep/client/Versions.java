package io.fedstep.client;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A model's versions and its open round, as clients wait for them. */
final class Versions {
  private static final String OCTETS = "application/octet-stream";
  private static final int NOT_MODIFIED = 304;

  /** Before it is asked again what a server answered at once that is going down. */
  private static final Duration PAUSE = Duration.ofMillis(500);

  private final Exchange exchange;
  private final String path;
  private final String model;
  private long size = -1;

  Versions(Exchange exchange, String path, String model) {
    this.exchange = exchange;
    this.path = path;
    this.model = model;
  }

  /** The model's name. */
  @Override
  public String toString() {
    return model;
  }

  Duration patience() {
    return exchange.patience();
  }

  Weights newest() throws IOException, InterruptedException {
    return exchange.send(octets("/weights"), this::weights);
  }

  Weights get(long version) throws IOException, InterruptedException {
    return exchange.send(octets("/versions/" + version + "/weights"), this::weights);
  }

  /**
   * The newest, or null if there have been none at all for as long as the server holds an answer
   * back, or training is stopped.
   */
  @Nullable Weights first() throws IOException, InterruptedException {
    long begin = System.nanoTime();
    try {
      return exchange.held(path + "/weights", Map.of("Accept", OCTETS), this::weights);
    } catch (RefusedByServer e) {
      if (!e.code().equals("no-weights")) {
        throw e;
      }
    }
    pauseAfter(begin);
    return null;
  }

  /** The model's spec, newest version and phase. */
  JsonNode describe() throws IOException, InterruptedException {
    return exchange.json(exchange.get(path));
  }

  JsonNode currentRound() throws IOException, InterruptedException {
    return exchange.json(exchange.get(path + "/rounds/current"));
  }

  /**
   * Others than the last, or null if the server has held the answer back for as long as it does.
   */
  @Nullable Weights after(Weights last) throws IOException, InterruptedException {
    long begin = System.nanoTime();
    var accept = Map.of("Accept", OCTETS, "If-None-Match", "\"" + last.tag() + "\"");
    Weights newer =
        exchange.held(
            path + "/weights",
            accept,
            answer ->
                answer.status() != NOT_MODIFIED
                    ? weights(answer)
                    : new Weights(last.version(), last.tag(), answer.isStopped(), last.bytes()));
    if (newer != null && (newer.stopped() || !newer.tag().equals(last.tag()))) {
      return newer;
    }
    pauseAfter(begin);
    return null;
  }

  private static void pauseAfter(long begin) throws InterruptedException {
    if (System.nanoTime() - begin < PAUSE.toNanos()) {
      Thread.sleep(PAUSE);
    }
  }

  private HttpRequest.Builder octets(String address) {
    return exchange.get(path + address).header("Accept", OCTETS);
  }

  private Weights weights(Answer answer) throws IOException, InterruptedException {
    String tag = answer.header("ETag");
    if (!answer.isFramed() && answer.body().length != size()) {
      throw new IOException(answer.uri() + " gave weights that end early");
    }
    return new Weights(
        Long.parseLong(answer.header("Fedstep-Version")),
        tag.substring(1, tag.length() - 1),
        answer.isStopped(),
        answer.body());
  }

  /** How many bytes the flat vector has. */
  private synchronized long size() throws IOException, InterruptedException {
    if (size < 0) {
      JsonNode model = describe();
      boolean wide = model.required("dtype").asString().equals("float64");
      size = model.required("parameters").asLong() * (wide ? Double.BYTES : Float.BYTES);
    }
    return size;
  }

  /** Waits until a client is invited; false where there are other weights, or training stops. */
  boolean becomesInvited(String client, Weights weights) throws IOException, InterruptedException {
    while (true) {
      JsonNode current =
          exchange.held(
              path + "/rounds/current?client=" + Exchange.text(client), Map.of(), Answer::json);
      if (current == null) {
        continue; // a wait that was cut
      }
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
}
