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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;

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

  private final String origin;
  private final int port;
  private final HttpClient client;
  private final List<String> always;

  Http(int port) {
    this("http://127.0.0.1", port, client().build(), List.of());
  }

  private Http(String origin, int port, HttpClient client, List<String> always) {
    this.origin = origin;
    this.port = port;
    this.client = client;
    this.always = always;
  }

  private static HttpClient.Builder client() {
    return HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .connectTimeout(Duration.ofSeconds(10));
  }

  /** The same server, asked by whoever has a bearer token. */
  Http as(String token) {
    return new Http(origin, port, client, List.of("Authorization: Bearer " + token));
  }

  /** The same port, over TLS. */
  Http tls(SSLContext context) {
    return new Http("https://localhost", port, client().sslContext(context).build(), always);
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

  /** The lines of an answer that goes on. */
  Stream<String> lines(String path, String... headers) {
    try {
      HttpRequest request = request("GET", path, BodyPublishers.noBody(), headers);
      return client.send(request, BodyHandlers.ofLines()).body();
    } catch (IOException e) {
      throw new UncheckedIOException("GET " + path, e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private HttpRequest request(String method, String path, BodyPublisher body, String... headers) {
    var request =
        HttpRequest.newBuilder(URI.create(origin + ":" + port + path))
            .timeout(TIMEOUT)
            .method(method, body);
    var all = new ArrayList<>(always);
    all.addAll(List.of(headers));
    for (String header : all) {
      int colon = header.indexOf(':');
      request.header(header.substring(0, colon), header.substring(colon + 1).strip());
    }
    return request.build();
  }
}
