package io.fedstep.client;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A model's versions and its open round, as clients wait for them. */
final class Versions {
  private static final int NOT_MODIFIED = 304;

  /** Before it is asked again what a server answered at once that is going down. */
  private static final Duration PAUSE = Duration.ofMillis(500);

  private final Exchange exchange;
  private final String path;
  private final String model;
  private final LastBits bits = new LastBits();
  private @Nullable Layout layout;
  private String incarnation = "";

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

  /**
   * The newest.
   *
   * @param download the dtype to fetch them in; null for the model's
   */
  Weights newest(@Nullable Download download) throws IOException, InterruptedException {
    if (download == null) {
      return exchange.send(octets("/weights"), this::weights);
    }
    LastBits.Bits known = bits.usable(download, null);
    HttpRequest.Builder request = exchange.get(path + "/weights");
    LastBits.fields(download, known, null).forEach(request::header);
    return exchange.send(request, answer -> half(answer, download, known));
  }

  Weights get(long version) throws IOException, InterruptedException {
    return exchange.send(octets("/versions/" + version + "/weights"), this::weights);
  }

  /**
   * The control with which a version is trained from, and of which round a client's own is.
   *
   * @param address of the control
   */
  Control control(String client, String address) throws IOException, InterruptedException {
    return exchange.send(
        octets(address + "?client=" + Exchange.text(client)),
        answer ->
            new Control(
                Long.parseLong(answer.header("Fedstep-Version")),
                answer.body(),
                answer
                    .headers()
                    .firstValue("Fedstep-Control-Round")
                    .map(Long::valueOf)
                    .orElse(null)));
  }

  /**
   * The newest, or null if there have been none at all for as long as the server holds an answer
   * back, or training is stopped.
   */
  @Nullable Weights first(@Nullable Download download) throws IOException, InterruptedException {
    long begin = System.nanoTime();
    try {
      return download == null
          ? exchange.held(path + "/weights", Map.of("Accept", Body.OCTETS), this::weights)
          : exchange.held(
              path + "/weights",
              LastBits.fields(download, null, null),
              answer -> half(answer, download, null));
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

  /**
   * Whose budget is spent where a client can be in no round of a stopped model any more, as nothing
   * gives one back: that of all who ever took part, or its own; null otherwise.
   *
   * @param stopped the open round
   */
  @Nullable String spent(JsonNode stopped, String client) throws IOException, InterruptedException {
    if (stopped.path("reason").asString("").equals("budget-spent")) {
      return model;
    }
    if (!describe().path("privacy").isObject()) {
      return null;
    }
    String account = path + "/privacy?client=" + Exchange.text(client);
    boolean isIts = exchange.json(exchange.get(account)).path("rounds_left").asLong(1) == 0;
    return isIts ? "'%s' in %s".formatted(client, model) : null;
  }

  JsonNode currentRound() throws IOException, InterruptedException {
    return exchange.json(exchange.get(path + "/rounds/current"));
  }

  /**
   * Others than the last, or null if the server has held the answer back for as long as it does.
   */
  @Nullable Weights after(Weights last, @Nullable Download download)
      throws IOException, InterruptedException {
    long begin = System.nanoTime();
    LastBits.Bits known = download == null ? null : bits.usable(download, last.tag());
    Map<String, String> fields =
        download == null
            ? Map.of("Accept", Body.OCTETS, "If-None-Match", "\"" + last.tag() + "\"")
            : LastBits.fields(download, known, last.tag());
    Weights newer =
        exchange.held(
            path + "/weights",
            fields,
            answer ->
                answer.status() != NOT_MODIFIED
                    ? download == null ? weights(answer) : half(answer, download, known)
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
    return exchange.get(path + address).header("Accept", Body.OCTETS);
  }

  private Weights weights(Answer answer) throws IOException, InterruptedException {
    String tag = answer.header("ETag");
    if (!answer.isFramed() && answer.body().length != layout(tag).bytes()) {
      throw new IOException(answer.uri() + " gave weights that end early");
    }
    return new Weights(
        Long.parseLong(answer.header("Fedstep-Version")),
        tag.substring(1, tag.length() - 1),
        answer.isStopped(),
        answer.body());
  }

  private Weights half(Answer answer, Download download, LastBits.@Nullable Bits known)
      throws IOException, InterruptedException {
    return bits.read(answer, download, known, layout(answer.header("ETag")));
  }

  /** What tells a model from others of its name, before and after. */
  static String life(String tag) {
    String bare = tag.replace("\"", "");
    int end = bare.indexOf('-');
    return end < 0 ? bare : bare.substring(0, end);
  }

  /**
   * The layout of the model to whose life a tag belongs, as the server describes it: one that was
   * removed and made anew may have another.
   */
  synchronized Layout layout(String tag) throws IOException, InterruptedException {
    String life = life(tag);
    Layout known = layout;
    if (known == null || !life.equals(incarnation)) {
      known = Layout.of(describe());
      layout = known;
      incarnation = life;
    }
    return known;
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
