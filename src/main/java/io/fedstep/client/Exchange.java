package io.fedstep.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Requests to one server, repeated until they are answered: after a lost connection, and where the
 * server names a time after which to come again.
 */
final class Exchange {
  /** The client's name for the server's log; its version is known in a jar alone. */
  private static final String AGENT =
      "fedstep-java/"
          + Objects.requireNonNullElse(
              Exchange.class.getPackage().getImplementationVersion(), "unreleased");

  /** For which the server is asked to hold an answer back. */
  private static final Duration LONGEST_HOLD = Duration.ofSeconds(30);

  /** A wait that was cut when it was shorter than this is not asked for any more. */
  private static final Duration SHORTEST_HOLD = Duration.ofSeconds(1);

  /** By which an answer may come later than its hold ends. */
  private static final Duration GRACE = Duration.ofSeconds(20);

  /** For which any answer may take to begin, however short the patience. */
  private static final Duration LEAST_SILENCE = Duration.ofMinutes(1);

  private static final Set<Integer> CUT = Set.of(502, 504);

  private final Connection connection;
  private final String server;
  private final Duration patience;
  private volatile Duration hold = LONGEST_HOLD;

  Exchange(HttpClient http, URI server, Options options) {
    connection = new Connection(http, new Credentials(server, options));
    this.server = withoutUser(server);
    patience = options.patience();
  }

  private static String withoutUser(URI server) {
    String user = server.getRawUserInfo();
    String address = user == null ? server.toString() : server.toString().replace(user + "@", "");
    return address.replaceFirst("/$", "");
  }

  /** A text as a part of an address. */
  static String text(String part) {
    return URLEncoder.encode(part, UTF_8).replace("+", "%20");
  }

  HttpRequest.Builder get(String path) {
    return to(path).GET();
  }

  HttpRequest.Builder put(String path, String type, byte[] body) {
    return to(path).header("Content-Type", type).PUT(BodyPublishers.ofByteArray(body));
  }

  /** A body's end, from some byte on. */
  HttpRequest.Builder patch(String path, String type, byte[] body, int from) {
    return to(path)
        .header("Content-Type", type)
        .method("PATCH", BodyPublishers.ofByteArray(body, from, body.length - from));
  }

  HttpRequest.Builder head(String path) {
    return to(path).method("HEAD", BodyPublishers.noBody());
  }

  /** The path here of an address that an answer named. */
  String path(String location) {
    String named = URI.create(location).getRawPath();
    String prefix = URI.create(server).getRawPath();
    return named.startsWith(prefix + "/v1/") ? named.substring(prefix.length()) : named;
  }

  HttpRequest.Builder post(String path) {
    return to(path).POST(BodyPublishers.noBody());
  }

  HttpRequest.Builder delete(String path) {
    return to(path).DELETE();
  }

  private HttpRequest.Builder to(String path) {
    return HttpRequest.newBuilder(URI.create(server + path))
        .timeout(Collections.max(List.of(patience, LEAST_SILENCE)))
        .header("User-Agent", AGENT);
  }

  /** How long calls go on trying. */
  Duration patience() {
    return patience;
  }

  /** The answer's body as JSON. */
  JsonNode json(HttpRequest.Builder request) throws IOException, InterruptedException {
    return send(request, Answer::json);
  }

  /** The same of what must not happen twice: it is not repeated where it may have been done. */
  JsonNode once(HttpRequest.Builder request) throws IOException, InterruptedException {
    return Objects.requireNonNull(
        send(request, Answer::json, new Patience(patience, true), Duration.ZERO));
  }

  /** An answer of the 200s, or 304; any other is thrown. */
  Answer send(HttpRequest.Builder request) throws IOException, InterruptedException {
    return send(request, answer -> answer);
  }

  <T> T send(HttpRequest.Builder request, Answer.Reader<T> reader)
      throws IOException, InterruptedException {
    return send(request, reader, patience);
  }

  /** The same with another patience. */
  <T> T send(HttpRequest.Builder request, Answer.Reader<T> reader, Duration patience)
      throws IOException, InterruptedException {
    return Objects.requireNonNull(
        send(
            request,
            reader,
            new Patience(patience, false),
            Duration.ZERO)); // only a wait can be cut
  }

  /**
   * An answer that the server holds back for as long as is usual here, or less; null where the wait
   * was cut somewhere on the way. The next one is shorter, then.
   */
  <T> @Nullable T held(String path, Map<String, String> fields, Answer.Reader<T> reader)
      throws IOException, InterruptedException {
    Duration held = hold;
    HttpRequest.Builder request =
        get("%s%swait=%sms".formatted(path, path.contains("?") ? "&" : "?", held.toMillis()));
    fields.forEach(request::setHeader);
    request.timeout(held.plus(GRACE));
    T result = send(request, reader, new Patience(patience, false), held);
    if (result == null) {
      hold = held.compareTo(SHORTEST_HOLD) > 0 ? held.dividedBy(2) : Duration.ZERO;
    } else if (held.equals(hold)) {
      Duration longer = Collections.max(List.of(held.multipliedBy(3).dividedBy(2), SHORTEST_HOLD));
      hold = Collections.min(List.of(longer, LONGEST_HOLD));
    }
    return result;
  }

  private <T> @Nullable T send(
      HttpRequest.Builder builder, Answer.Reader<T> reader, Patience patience, Duration held)
      throws IOException, InterruptedException {
    var incoming = new Incoming();
    while (true) {
      try {
        HttpResponse<byte[]> response = connection.send(builder, incoming);
        if (response.statusCode() / 100 == 2 || response.statusCode() == 304) {
          return reader.read(Answer.of(response));
        }
        RefusedByServer refusal = RefusedByServer.of(response.request(), response);
        if (held.isPositive() && CUT.contains(refusal.status()) && refusal.code().isEmpty()) {
          return null;
        }
        if (held.isPositive() && refusal.code().equals("no-weights")) {
          throw refusal; // the wait is over: whoever waits on asks for another
        }
        patience.afterRefusal(response, refusal);
      } catch (RefusedByServer e) {
        throw e;
      } catch (IOException e) {
        if (held.isPositive() && Loss.isSent(e)) {
          return null;
        }
        patience.reached(incoming.at());
        patience.afterLoss(e);
      }
    }
  }
}
