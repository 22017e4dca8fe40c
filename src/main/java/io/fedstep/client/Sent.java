package io.fedstep.client;

import static io.fedstep.client.Exchange.text;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** What clients send to a model: updates, reports, and that there will be none. */
final class Sent {
  /** For which the server is tried to be told of a failure. */
  private static final Duration TELLING = Duration.ofSeconds(5);

  private static final int NOT_FOUND = 404;
  private static final int LONGEST_NAME = 128;
  private static final int LONGEST_DETAIL = 1000;

  private final Exchange exchange;
  private final UpdateBodies bodies;
  private final String path;
  private final String model;
  private final SafetyRules.Told told;
  private final Metrics metrics = new Metrics();

  Sent(Exchange exchange, Versions versions, String path, String model, SafetyRules.Told told) {
    this.exchange = exchange;
    bodies = new UpdateBodies(versions);
    this.path = path;
    this.model = model;
    this.told = told;
  }

  /** Submits an update, if need be without its metrics; the receipt. */
  JsonNode submit(String client, Weights base, Update update)
      throws IOException, InterruptedException {
    told.checkPlain(model);
    UpdateBodies.Made made = bodies.make(client, base, update);
    Corrected corrected = update.corrected();
    Keeper keeper = corrected == null ? null : corrected.keeper();
    if (keeper != null) {
      tell(keeper, bodies.received(base, made.body()));
    }
    try {
      JsonNode receipt = submit(client, base, update, made.body());
      made.accepted().run();
      return receipt;
    } catch (RefusedByServer e) {
      if (keeper != null && e.code().equals("update-differs")) {
        keeper.drop(); // the server has received something else
      }
      throw e;
    }
  }

  private static void tell(Keeper keeper, byte @Nullable [] received) throws IOException {
    if (received == null) {
      keeper.drop(); // it is sent all the same, for the server to say what is wrong
    } else {
      keeper.keep(received);
    }
  }

  private JsonNode submit(String client, Weights base, Update update, Body body)
      throws IOException, InterruptedException {
    Map<String, Double> numbers = metrics.accepted(update.metrics());
    try {
      return submit(client, base, update, body, numbers);
    } catch (RefusedByServer e) {
      if (!e.code().equals("bad-metric") || numbers.isEmpty()) {
        throw e;
      }
      numbers.keySet().forEach(name -> metrics.leaveOut(name, "it or another is refused: " + e));
      return submit(client, base, update, body, Map.of());
    }
  }

  private JsonNode submit(
      String client, Weights base, Update update, Body body, Map<String, Double> numbers)
      throws IOException, InterruptedException {
    var address =
        new StringBuilder(
            "%s/rounds/%s/updates/%s?weight=%s&base=%s"
                .formatted(path, base.version(), text(client), update.weight(), text(base.tag())));
    numbers.forEach((name, value) -> address.append("&metric.%s=%s".formatted(text(name), value)));
    if (!update.tensors().isEmpty()) {
      address.append("&partial=true");
    }
    Corrected corrected = update.corrected();
    if (corrected != null) {
      address.append(
          "&local_rate=%s&control=%s".formatted(corrected.localRate(), text(corrected.control())));
    }
    return body.bytes().length < ResumableUpload.LEAST
        ? exchange.json(exchange.put(address.toString(), body.type(), body.bytes()))
        : new ResumableUpload(exchange, address.toString(), body.type(), body.bytes()).send();
  }

  void report(String client, long version, Evaluation.Report report)
      throws IOException, InterruptedException {
    ObjectNode document = JsonMapper.shared().createObjectNode().put("weight", report.weight());
    ObjectNode numbers = document.putObject("metrics");
    metrics.accepted(report.metrics()).forEach(numbers::put);
    exchange.send(
        put("%s/versions/%s/reports/%s".formatted(path, version, text(client)), document));
  }

  /** Whether a round has an update of a client; 403 if the token is not this client's. */
  boolean hasUpdate(String client, long round) throws IOException, InterruptedException {
    try {
      exchange.send(exchange.get("%s/rounds/%s/updates/%s".formatted(path, round, text(client))));
      return true;
    } catch (RefusedByServer e) {
      if (e.status() != NOT_FOUND) {
        throw e;
      }
      return false;
    }
  }

  /** Tells the server that a client will send nothing for a round, and why. */
  void failure(String client, long round, Exception failure, boolean explains)
      throws IOException, InterruptedException {
    String type = failure.getClass().getName().replaceFirst(".*\\.", "");
    ObjectNode document = JsonMapper.shared().createObjectNode();
    document.put("error", cut(type, LONGEST_NAME));
    if (explains && failure.getMessage() != null) {
      document.put("detail", cut(failure.getMessage(), LONGEST_DETAIL));
    }
    String address = "%s/rounds/%s/failures/%s".formatted(path, round, text(client));
    exchange.send(put(address, document), answer -> answer, TELLING);
  }

  private HttpRequest.Builder put(String address, ObjectNode document) {
    return exchange.put(address, "application/json", document.toString().getBytes(UTF_8));
  }

  private static String cut(String text, int most) {
    return text.length() > most ? text.substring(0, most) : text;
  }
}
