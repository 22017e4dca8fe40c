package io.fedstep.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExchangeTest {
  private static final byte[] BODY = "{}".getBytes(UTF_8);

  private final AtomicInteger requests = new AtomicInteger();
  private HttpServer proxy;
  private HttpClient http;
  private Exchange exchange;

  @BeforeEach
  void start() throws IOException {
    proxy = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    proxy.start();
    http = HttpClient.newHttpClient();
    var server = URI.create("http://127.0.0.1:" + proxy.getAddress().getPort());
    exchange = new Exchange(http, server, Options.defaults().patience(Duration.ofSeconds(30)));
  }

  @AfterEach
  void stop() {
    http.shutdownNow();
    proxy.stop(0);
  }

  /** A proxy whose server is away for the first request; what it did of that is not known. */
  private void loseFirst(int status) {
    proxy.createContext(
        "/",
        request -> {
          request.getRequestBody().readAllBytes();
          boolean isFirst = requests.getAndIncrement() == 0;
          request.sendResponseHeaders(isFirst ? status : 200, isFirst ? -1 : BODY.length);
          if (!isFirst) {
            request.getResponseBody().write(BODY);
          }
          request.close();
        });
  }

  @ParameterizedTest
  @ValueSource(ints = {502, 503, 504})
  void put_isSentAgain(int status) throws Exception {
    loseFirst(status);
    assertThat(exchange.send(exchange.put("/", "application/json", BODY)).body()).isEqualTo(BODY);
    assertThat(requests).hasValue(2);
  }

  @ParameterizedTest
  @ValueSource(ints = {502, 503, 504})
  void whatMustNotHappenTwice_isSentOnce(int status) {
    loseFirst(status);
    assertThatThrownBy(() -> exchange.once(exchange.post("/")))
        .isInstanceOfSatisfying(
            RefusedByServer.class, refused -> assertThat(refused.status()).isEqualTo(status));
    assertThat(requests).hasValue(1);
  }

  @Test
  void post_isSentAgain_whenTheServerAsksForThat() throws Exception {
    proxy.createContext(
        "/",
        request -> {
          boolean isFirst = requests.getAndIncrement() == 0;
          request.getResponseHeaders().add("Retry-After", "0");
          request.sendResponseHeaders(isFirst ? 429 : 200, -1);
          request.close();
        });
    assertThat(exchange.send(exchange.post("/")).status()).isEqualTo(200);
    assertThat(requests).hasValue(2);
  }

  @Test
  void request_namesTheClient() throws Exception {
    proxy.createContext(
        "/",
        request -> {
          byte[] agent = request.getRequestHeaders().getFirst("User-Agent").getBytes(UTF_8);
          request.sendResponseHeaders(200, agent.length);
          request.getResponseBody().write(agent);
          request.close();
        });
    assertThat(exchange.send(exchange.get("/")).body()).asString().startsWith("fedstep-java/");
  }
}
