package io.fedstep.client;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A server. What it refuses is a {@link RefusedByServer}; what may pass (a lost answer, a restart,
 * an overload) is tried again for as long as the client's patience lasts. For many threads.
 */
public final class Fedstep implements AutoCloseable {
  private static final Duration CONNECT = Duration.ofSeconds(10);

  private final HttpClient http;
  private final Exchange exchange;
  private final SafetyRules.Told told = new SafetyRules.Told();

  private Fedstep(HttpClient http, Exchange exchange) {
    this.http = http;
    this.exchange = exchange;
  }

  /**
   * A server without authentication, for example {@code http://127.0.0.1:8080}; a user and a
   * password in its address are shown to a proxy before it.
   */
  public static Fedstep at(URI server) {
    return at(server, Options.defaults());
  }

  /** A server that wants a token, which stays the same. */
  public static Fedstep at(URI server, @Nullable String token, Duration patience) {
    Options options = Options.defaults().patience(patience);
    return at(server, token == null ? options : options.token(token));
  }

  /** A server; proxies are the JDK's ({@code ProxySelector}, {@code -Dhttps.proxyHost}). */
  public static Fedstep at(URI server, Options options) {
    HttpClient.Builder http =
        HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(CONNECT);
    if (options.tls() != null) {
      http.sslContext(options.tls());
    }
    HttpClient built = http.build();
    return new Fedstep(built, new Exchange(built, server, options));
  }

  /** One of its models, whether it exists or not. */
  public RemoteModel model(String name) {
    return new RemoteModel(exchange, name, told);
  }

  /** The names of the models that this client may see. */
  public List<String> models() throws IOException, InterruptedException {
    return names("/v1/models?fields=model", "models");
  }

  /** The names of the models that were deleted and can still be had back. */
  public List<String> deleted() throws IOException, InterruptedException {
    return names("/v1/deleted", "deleted");
  }

  private List<String> names(String path, String list) throws IOException, InterruptedException {
    return exchange
        .json(exchange.get(path))
        .required(list)
        .valueStream()
        .map(model -> model.required("model").stringValue())
        .toList();
  }

  /** What private rounds would cost: epsilon, delta, noise_multiplier, participation, rounds. */
  public JsonNode privacy(PrivacyPlan plan) throws IOException, InterruptedException {
    return exchange.json(exchange.get("/v1/privacy/epsilon?" + plan.query()));
  }

  /** Waits for the requests under way. */
  @Override
  public void close() {
    http.close();
  }
}
