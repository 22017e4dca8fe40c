package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fedstep.client.Administration;
import io.fedstep.client.Fedstep;
import io.fedstep.client.RefusedByServer;
import io.fedstep.client.RemoteModel;
import io.fedstep.client.Update;
import io.fedstep.client.Weights;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The Java client, beside the server itself and behind a proxy that loses answers. */
class JavaClientTest {
  private final URI server = URI.create("http://127.0.0.1:" + Server.shared().http().port());
  private final Fedstep fedstep = Fedstep.at(server);
  private final Model name = Model.unborn();
  private final RemoteModel model = fedstep.model(name.name());

  private final HttpClient forwards = HttpClient.newHttpClient();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicInteger lost = new AtomicInteger();
  private HttpServer proxy;

  @BeforeEach
  void start() throws IOException {
    proxy = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    proxy.setExecutor(threads);
    proxy.start();
  }

  @AfterEach
  void stop() {
    proxy.stop(0);
    threads.close();
    forwards.close();
    fedstep.close();
  }

  private static String spec(String dtype, String round) {
    return """
    {"tensors": {"w": [2], "b": []}, "dtype": "%s", "optimizer": {"lrate": 1.0, "modules": []},
     "round": %s}\
    """
        .formatted(dtype, round);
  }

  @ParameterizedTest
  @ValueSource(strings = {"float32", "float64"})
  void train_takesPartInEveryRound(String dtype) throws Exception {
    model.create(spec(dtype, "{\"min_updates\": 2, \"rounds\": 5}"));
    boolean wide = dtype.equals("float64");
    List<Future<Weights>> clients = new ArrayList<>();
    for (int k = 1; k <= 2; k++) {
      int value = k;
      clients.add(
          threads.submit(() ->
              model.train(
                  "client-" + value,
                  weights ->
                      (wide
                              ? Update.of(new double[] {value, 0, 2})
                              : Update.of(new float[] {value, 0, 2}))
                          .weighing(value)
                          .with("loss", (double) weights.version()))));
    }
    for (Future<Weights> client : clients) {
      Weights last = client.get();
      assertThat(last.version()).isEqualTo(5);
      assertThat(last.stopped()).isTrue();
      if (wide) {
        assertThat(last.doubles()).containsExactly(5 * -5.0 / 3, 0, -10);
      } else {
        assertThat(last.floats()[2]).isEqualTo(-10);
      }
    }
    assertThat(model.round(4).required("total_weight").asDouble()).isEqualTo(3);
    assertThat(model.round(4).required("metrics").required("loss").asDouble()).isEqualTo(4);
    assertThat(fedstep.models()).contains(name.name());
    assertThat(model.version(1).version()).isEqualTo(1);
    Administration.of(model).delete();
    Administration.of(model).delete();
  }

  /** Who is not invited becomes so at a deadline, or by a new policy. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void train_waitsToBeInvited(boolean byDeadline) throws Exception {
    model.create(
        spec(
            "float32",
            "{\"participation\": 0.25, \"timeout\": \"%s\", \"rounds\": 1}"
                .formatted(byDeadline ? "200ms" : "60m")));
    String client = uninvited();
    Future<Weights> trained =
        threads.submit(() -> model.train(client, _ -> Update.of(new float[] {1, 2, 3})));
    if (!byDeadline) {
      String policy = "{\"participation\": 1, \"rounds\": 1}";
      name.putJson("/round", policy).is(200);
    }
    assertThat(trained.get().version()).isEqualTo(1);
    assertThat(model.round(0).required("clients").path(0).path("client").asString())
        .isEqualTo(client);
  }

  private String uninvited() {
    for (int i = 0; ; i++) {
      String client = "client-" + i;
      var current = name.get("/rounds/current?client=" + client).is(200).json();
      if (!current.path("invited").asBoolean() || current.path("participation").asDouble() == 1) {
        return client;
      }
    }
  }

  @Test
  void refusal_saysWhatTheServerSays() throws Exception {
    var absent = catchThrowableOfType(RefusedByServer.class, model::newest);
    assertThat(absent.status()).isEqualTo(404);
    assertThat(absent.code()).isEqualTo("model-not-found");
    assertThat(absent).hasMessageContaining("GET " + server).hasMessageContaining(name.name());
    model.create(spec("float32", "{\"min_updates\": 2}"));
    Update nan = Update.of(new float[] {1, 2, Float.NaN});
    Weights weights = model.newest();
    var refused =
        catchThrowableOfType(RefusedByServer.class, () -> model.submit("alice", weights, nan));
    assertThat(refused.code()).isEqualTo("not-finite");
    assertThat(refused.problem().required("tensor").asString()).isEqualTo("b");
    assertThat(refused.problem().required("index").asInt()).isEqualTo(2);
    assertThat(model.currentRound().required("updates").asInt()).isZero();
    assertThat(
            catchThrowableOfType(RefusedByServer.class, Administration.of(model)::closeRound)
                .code())
        .isEqualTo("too-few-updates");
  }

  @Test
  void weightsAndState_goUpAndDown() throws Exception {
    model.create(spec("float32", "{}").replace("\"modules\": []", "\"modules\": [\"momentum\"]"));
    model.setWeights(Update.of(new float[] {1, 2, 3}).bytes());
    assertThat(model.newest().floats()).containsExactly(1, 2, 3);
    Weights first = model.newest();
    model.submit("alice", first, Update.of(new float[] {1, 1, 1}));
    Weights second = model.after(first);
    byte[] state = model.optimizerState();
    model.submit("alice", second, Update.of(new float[] {1, 1, 1}));
    model.after(second);
    assertThat(model.optimizerState()).isNotEqualTo(state);
    assertThat(
            Administration.of(model).restoreOptimizerState(state, 2).required("version").asLong())
        .isEqualTo(3);
    assertThat(model.optimizerState()).isEqualTo(state);
    assertThat(
            catchThrowableOfType(
                    RefusedByServer.class,
                    () -> Administration.of(model).restoreOptimizerState(state, 2))
                .code())
        .isEqualTo("version-differs");
    assertThat(model.describe().required("version").asLong()).isEqualTo(3);
  }

  /** The server does what it is asked, and the first answer to each address never comes. */
  @Test
  void lostAnswers_areAskedForAgain() throws Exception {
    var once = ConcurrentHashMap.<String>newKeySet();
    proxy.createContext(
        "/",
        exchange -> {
          HttpResponse<byte[]> answer = forward(exchange);
          if (once.add(exchange.getRequestMethod() + exchange.getRequestURI().getPath())) {
            lost.incrementAndGet();
            exchange.close();
          } else {
            pass(exchange, answer);
          }
        });
    try (var behind = Fedstep.at(proxied())) {
      RemoteModel far = behind.model(name.name());
      far.create(spec("float32", "{\"rounds\": 3}"));
      Weights last = far.train("alice", _ -> Update.of(new float[] {1, 2, 3}));
      assertThat(last.floats()).containsExactly(-3, -6, -9);
    }
    assertThat(lost.get()).isGreaterThanOrEqualTo(5);
    assertThat(model.round(2).required("updates").asInt()).isEqualTo(1);
  }

  @Test
  void busyServer_isAskedAgain_untilPatienceEnds() throws Exception {
    model.create(spec("float32", "{}"));
    proxy.createContext(
        "/",
        exchange -> {
          int status = 503;
          switch (lost.getAndIncrement()) {
            case 0 -> exchange.getResponseHeaders().set("Retry-After", "0");
            case 1 -> {} // as a proxy says it
            case 2 -> {
              status = 408;
              exchange.getResponseHeaders().set("Retry-After", "0");
            }
            default -> exchange.getResponseHeaders().set("Retry-After", "60");
          }
          exchange.sendResponseHeaders(status, -1);
          exchange.close();
        });
    try (var behind = Fedstep.at(proxied(), "a token", Duration.ofSeconds(30))) {
      var refused =
          catchThrowableOfType(RefusedByServer.class, () -> behind.model(name.name()).newest());
      assertThat(refused.status()).isEqualTo(503);
      assertThat(refused.code()).isEmpty();
    }
    assertThat(lost.get()).isEqualTo(4);
  }

  private URI proxied() {
    return URI.create("http://127.0.0.1:" + proxy.getAddress().getPort() + "/");
  }

  private HttpResponse<byte[]> forward(HttpExchange exchange) throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(server.resolve(exchange.getRequestURI()))
            .method(
                exchange.getRequestMethod(),
                BodyPublishers.ofByteArray(exchange.getRequestBody().readAllBytes()));
    for (String field : List.of("Content-Type", "Accept", "If-None-Match")) {
      String value = exchange.getRequestHeaders().getFirst(field);
      if (value != null) {
        request.header(field, value);
      }
    }
    try {
      return forwards.send(request.build(), BodyHandlers.ofByteArray());
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  private static void pass(HttpExchange exchange, HttpResponse<byte[]> answer) throws IOException {
    for (String field : List.of("Content-Type", "ETag", "Fedstep-Version", "Fedstep-Phase")) {
      answer
          .headers()
          .firstValue(field)
          .ifPresent(value -> exchange.getResponseHeaders().set(field, value));
    }
    int length = answer.body().length;
    exchange.sendResponseHeaders(answer.statusCode(), length == 0 ? -1 : length);
    exchange.getResponseBody().write(answer.body());
    exchange.close();
  }
}
