package io.fedstep.contract;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * Requests to a server on loopback, each bounded in time. A header is given as {@code "Name:
 * value"}.
 */
final class Http {
  static final String JSON = "Content-Type: application/json";
  static final String OCTETS = "Content-Type: application/octet-stream";
  static final String ACCEPT_JSON = "Accept: application/json";

  /** Longer than anything takes, shorter than the longest wait a client can ask for. */
  private static final Duration TIMEOUT = Duration.ofSeconds(40);

  private final int port;
  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(10))
          .build();

  Http(int port) {
    this.port = port;
  }

  int port() {
    return port;
  }

  Reply get(String path, String... headers) {
    return send("GET", path, BodyPublishers.noBody(), headers);
  }

  Reply head(String path, String... headers) {
    return send("HEAD", path, BodyPublishers.noBody(), headers);
  }

  Reply delete(String path) {
    return send("DELETE", path, BodyPublishers.noBody());
  }

  Reply post(String path) {
    return send("POST", path, BodyPublishers.noBody());
  }

  Reply putJson(String path, String json) {
    return put(path, json, JSON);
  }

  Reply put(String path, String text, String... headers) {
    return send("PUT", path, BodyPublishers.ofString(text), headers);
  }

  Reply put(String path, byte[] body, String... headers) {
    return send("PUT", path, BodyPublishers.ofByteArray(body), headers);
  }

  Reply putOctets(String path, byte[] body) {
    return put(path, body, OCTETS);
  }

  Reply send(String method, String path, BodyPublisher body, String... headers) {
    try {
      return Reply.of(
          client.send(request(method, path, body, headers), BodyHandlers.ofByteArray()));
    } catch (IOException e) {
      throw new UncheckedIOException(method + " " + path, e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A GET whose answer may be held. */
  CompletableFuture<Reply> getLater(String path, String... headers) {
    HttpRequest request = request("GET", path, BodyPublishers.noBody(), headers);
    return client.sendAsync(request, BodyHandlers.ofByteArray()).thenApply(Reply::of);
  }

  private HttpRequest request(String method, String path, BodyPublisher body, String... headers) {
    var request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .timeout(TIMEOUT)
            .method(method, body);
    for (String header : headers) {
      int colon = header.indexOf(':');
      request.header(header.substring(0, colon), header.substring(colon + 1).strip());
    }
    return request.build();
  }
}
