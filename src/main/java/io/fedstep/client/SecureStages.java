package io.fedstep.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The addresses of a secure round's stages, for one client. */
final class SecureStages {
  private static final int NO_CONTENT = 204;

  /** Before it is asked again what a server answered at once that is going down. */
  private static final Duration PAUSE = Duration.ofMillis(500);

  private final Exchange exchange;
  private final Versions model;
  private final String path;
  private final long round;
  private final String client;
  private final boolean stays;

  SecureStages(
      Exchange exchange, Versions model, String path, long round, Participation participation) {
    this.exchange = exchange;
    this.model = model;
    this.path = path + "/rounds/" + round;
    this.round = round;
    client = Exchange.text(participation.client());
    stays = participation.stays();
  }

  /** A stage that does not come for this client: its round is over, or training is stopped. */
  static final class OverException extends IOException {
    private static final long serialVersionUID = 1L;

    OverException(String why) {
      super(why);
    }
  }

  /** Sends this client's document of a stage; again, it is the same. */
  void put(String what, ObjectNode document, String query)
      throws IOException, InterruptedException {
    send(what, "application/json", document.toString().getBytes(UTF_8), query);
  }

  /** Sends its masked update. */
  void putMasked(byte[] body, String query) throws IOException, InterruptedException {
    send("updates", "application/vnd.fedstep.masked", body, query);
  }

  private void send(String what, String type, byte[] body, String query)
      throws IOException, InterruptedException {
    exchange.send(exchange.put(path + "/" + what + "/" + client + query, type, body));
  }

  /** The members, once they are fixed. */
  JsonNode roster() throws IOException, InterruptedException {
    return await("roster");
  }

  /**
   * What this client is told at a stage's end.
   *
   * @throws OverException if that does not come; where training is stopped, who stays waits
   */
  JsonNode get(String what) throws IOException, InterruptedException {
    return await(what + "/" + client);
  }

  private JsonNode await(String what) throws IOException, InterruptedException {
    while (true) {
      long asked = System.nanoTime();
      JsonNode answer =
          exchange.held(
              path + "/" + what,
              Map.of(),
              found ->
                  found.status() == NO_CONTENT
                      ? JsonMapper.shared().createObjectNode()
                      : found.json());
      if (answer != null && !answer.isEmpty()) {
        return answer;
      }
      look();
      if (System.nanoTime() - asked < PAUSE.toNanos()) {
        Thread.sleep(PAUSE);
      }
    }
  }

  private void look() throws IOException, InterruptedException {
    JsonNode current = model.currentRound();
    if (current.path("round").asLong(-1) != round) {
      throw new OverException("another round is open");
    }
    if (!stays && current.path("phase").asString("").equals("stopped")) {
      throw new OverException("training is stopped");
    }
  }
}
