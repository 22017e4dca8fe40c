package io.fedstep.client;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Requests that may be repeated: after a lost connection, and where the server names a time after
 * which to come again.
 */
final class Exchange {
  /** What the server says when a body comes slowly, it is busy, going down, or closes a round. */
  private static final Set<Integer> LATER = Set.of(408, 409, 429, 503);

  /** What a proxy says whose server is away, or a server's container that is. */
  private static final Set<Integer> AWAY = Set.of(502, 503, 504);

  /** The client's name for the server's log; its version is known in a jar alone. */
  private static final String AGENT =
      "fedstep-java/"
          + Objects.requireNonNullElse(
              Exchange.class.getPackage().getImplementationVersion(), "unreleased");

  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  private final HttpClient http;
  private final String server;
  private final @Nullable String token;
  private final Duration patience;

  Exchange(HttpClient http, URI server, @Nullable String token, Duration patience) {
    this.http = http;
    this.server = server.toString().replaceFirst("/$", "");
    this.token = token;
    this.patience = patience;
  }

  HttpRequest.Builder get(String path) {
    return to(path).GET();
  }

  HttpRequest.Builder put(String path, String type, byte[] body) {
    return to(path).header("Content-Type", type).PUT(BodyPublishers.ofByteArray(body));
  }

  HttpRequest.Builder post(String path) {
    return to(path).POST(BodyPublishers.noBody());
  }

  HttpRequest.Builder delete(String path) {
    return to(path).DELETE();
  }

  private HttpRequest.Builder to(String path) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(server + path))
            .timeout(patience)
            .header("User-Agent", AGENT);
    return token == null ? request : request.header("Authorization", "Bearer " + token);
  }

  /** The answer's body as JSON. */
  JsonNode json(HttpRequest.Builder request) throws IOException, InterruptedException {
    byte[] body = send(request).body();
    try {
      return JsonMapper.shared().readTree(body);
    } catch (JacksonException e) {
      throw new IOException("the answer is no JSON", e);
    }
  }

  /** An answer of the 200s, or 304; any other is thrown. */
  HttpResponse<byte[]> send(HttpRequest.Builder builder) throws IOException, InterruptedException {
    HttpRequest request = builder.build();
    long end = System.nanoTime() + patience.toNanos();
    Duration pause = FIRST_PAUSE;
    while (true) {
      Duration next = pause;
      IOException failure;
      try {
        HttpResponse<byte[]> answer = http.send(request, BodyHandlers.ofByteArray());
        if (answer.statusCode() / 100 == 2 || answer.statusCode() == 304) {
          return answer;
        }
        RefusedByServer refusal = RefusedByServer.of(request, answer);
        next = again(answer, refusal, pause);
        failure = refusal;
      } catch (RefusedByServer e) {
        throw e;
      } catch (IOException e) {
        if (isOnce(request)) {
          throw e;
        }
        failure = e;
      }
      if (System.nanoTime() + next.toNanos() - end > 0) {
        throw failure;
      }
      Thread.sleep(next);
      pause = Collections.min(List.of(pause.multipliedBy(2), LONGEST_PAUSE));
    }
  }

  /** After which time a refused request may succeed; where none is known, the refusal is thrown. */
  private static Duration again(HttpResponse<?> answer, RefusedByServer refusal, Duration pause)
      throws RefusedByServer {
    Duration named = later(answer);
    if (named != null) {
      return named;
    }
    boolean away = AWAY.contains(refusal.status()) && refusal.code().isEmpty();
    if (away && !isOnce(answer.request())) {
      return pause;
    }
    throw refusal;
  }

  /** Whether it may have been done although no answer came, and would be done a second time. */
  private static boolean isOnce(HttpRequest request) {
    return request.method().equals("POST");
  }

  private static @Nullable Duration later(HttpResponse<?> answer) {
    return LATER.contains(answer.statusCode())
        ? answer
            .headers()
            .firstValue("Retry-After")
            .filter(seconds -> seconds.matches("\\d{1,5}"))
            .map(seconds -> Duration.ofSeconds(Long.parseLong(seconds)))
            .orElse(null)
        : null;
  }
}
