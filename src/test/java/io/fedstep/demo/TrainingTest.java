package io.fedstep.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fedstep.client.Fedstep;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server that takes the updates of all clients but one, and holds those who wait for weights. */
class TrainingTest {
  private final CountDownLatch end = new CountDownLatch(1);
  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private HttpServer server;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::answer);
    server.start();
  }

  @AfterEach
  void stop() {
    end.countDown();
    server.stop(0);
  }

  @Test
  @Timeout(20)
  void refusedUpdate_endsTheTraining_andSaysWhy() throws Exception {
    String address = "http://127.0.0.1:" + server.getAddress().getPort();
    try (var fedstep = Fedstep.at(URI.create(address))) {
      var training =
          new Training(fedstep.model("digits"), false, new PrintStream(printed, true, UTF_8));
      assertThatThrownBy(training::run)
          .isInstanceOf(ExecutionException.class)
          .cause()
          .isInstanceOf(IOException.class)
          .hasMessageContaining("/rounds/0/updates/client-7")
          .hasMessageContaining("507")
          .hasMessageContaining("the disk is full");
    }
    assertThat(printed.toString(UTF_8)).contains("1442 hand-written digits");
  }

  private void answer(HttpExchange exchange) throws IOException {
    exchange.getRequestBody().readAllBytes();
    String path = exchange.getRequestURI().getPath();
    switch (exchange.getRequestMethod()) {
      case "DELETE" -> send(exchange, 204, new byte[0]);
      case "PUT" -> {
        boolean refused = path.endsWith("/client-7");
        String body = refused ? "the disk is full" : "{}";
        send(exchange, refused ? 507 : 201, body.getBytes(UTF_8));
      }
      default -> {
        if (path.endsWith("/rounds/current")) {
          send(exchange, 200, "{\"participation\": 1.0}".getBytes(UTF_8));
          return;
        }
        if (path.endsWith("/digits")) {
          send(exchange, 200, "{}".getBytes(UTF_8));
          return;
        }
        if (exchange.getRequestHeaders().containsKey("If-None-Match")) {
          await();
        }
        exchange.getResponseHeaders().set("ETag", "\"a-0\"");
        exchange.getResponseHeaders().set("Fedstep-Version", "0");
        send(exchange, 200, new byte[Float.BYTES * Softmax.WEIGHTS]);
      }
    }
  }

  private void await() {
    try {
      end.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }
}
