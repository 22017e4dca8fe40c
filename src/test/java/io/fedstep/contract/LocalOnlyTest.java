package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Servers without credentials, and the web pages of browsers that reach them. */
class LocalOnlyTest {
  private static Reply ask(Http http, String host, String... fields) throws IOException {
    try (var request = new RawRequest(http)) {
      String more = fields.length == 0 ? "" : String.join("\r\n", fields) + "\r\n";
      return request
          .send("GET /v1/models HTTP/1.1\r\nHost: %s\r\n%s\r\n".formatted(host, more))
          .read();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "localhost:8080, 200",
    "LOCALHOST, 200",
    "127.0.0.1:8080, 200",
    "127.1.2.3, 200",
    "[::1]:8080, 200",
    "fedstep.localhost, 200",
    "evil.example, 403",
    "127.0.0.1.evil.example, 403",
    "localhost.evil.example, 403",
    "notlocalhost, 403",
    "10.0.0.1, 403",
  })
  void host_hasToBeThisMachine(String host, int status) throws IOException {
    Reply reply = ask(Server.shared().http(), host).is(status);
    if (status == 403) {
      assertThat(reply.problem(403, "forbidden").path("detail").asString()).contains("Host");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          Sec-Fetch-Site: cross-site       | 403
          Sec-Fetch-Site: same-site        | 403
          Sec-Fetch-Site: same-origin      | 200
          Sec-Fetch-Site: none             | 200
          Origin: http://localhost:8080    | 200
          Origin: http://LOCALHOST:8080    | 200
          Origin: http://localhost         | 403
          Origin: http://localhost:3000    | 403
          Origin: http://127.0.0.1:8080    | 403
          Origin: https://localhost:8080   | 403
          Origin: https://evil.example     | 403
          Origin: http://a b               | 403
          Origin: null                     | 403
          Origin:                          | 403
          Origin: http://localhost:8080; Origin: https://evil.example         | 403
          Origin: http://localhost:8080; Sec-Fetch-Site: cross-site           | 200
          Origin: http://localhost:3000; Sec-Fetch-Site: same-site            | 403
          Sec-Fetch-Site: cross-site; Sec-Fetch-Mode: navigate; Sec-Fetch-Dest: document | 200
          Sec-Fetch-Site: cross-site; Sec-Fetch-Mode: navigate; Sec-Fetch-Dest: iframe   | 403
          Sec-Fetch-Site: cross-site; Sec-Fetch-Mode: no-cors; Sec-Fetch-Dest: image     | 403
          """)
  void pageOfAnotherOrigin_isRefused(String fields, int status) throws IOException {
    ask(Server.shared().http(), "localhost:8080", fields.split("; ")).is(status);
  }

  @Test
  void dashboard_isForThisMachineToo() throws IOException {
    try (var request = new RawRequest(Server.shared().http())) {
      request.send("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n").read().problem(403, "forbidden");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
        "Origin: http://localhost:3000",
        "Sec-Fetch-Site: cross-site; Sec-Fetch-Mode: navigate; Sec-Fetch-Dest: document"
      })
  void pageOfAnotherOrigin_changesNothing_andIsAudited(String fields) {
    Model model = Model.create("{\"tensors\": {\"w\": [1]}, \"round\": {\"max_updates\": 5}}");
    model.submit(0, "alice", "{\"gradient\": [1]}").is(201);
    try (var audit = new Audit()) {
      for (String operation : List.of("/rounds/current/close", "/stop", "/versions/0/restore")) {
        String path = model.path(operation);
        model
            .http()
            .send("POST", path, BodyPublishers.noBody(), fields.split("; "))
            .problem(403, "forbidden");
        assertThat(audit.lines(path, 1))
            .singleElement()
            .asString()
            .startsWith("refused status=403");
      }
      assertThat(model.json("version").asInt()).isZero();
      assertThat(model.json("phase").asString()).isEqualTo("collecting");
    }
  }

  /** A server for a whole network, behind a proxy. */
  @Nested
  class Insecure {
    @TempDir private static Path data;
    private static Server server;

    @BeforeAll
    static void start() {
      server =
          Server.start(
              data,
              "fedstep.security.insecure=true",
              "fedstep.security.allowed-origins=https://app.example",
              "server.forward-headers-strategy=native");
    }

    @AfterAll
    static void stop() {
      server.close();
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        textBlock =
            """
            fed.lan        | Origin: http://evil.example | 403
            fed.lan        | Origin: http://fed.lan      | 200
            fed.lan:8081   | Origin: http://fed.lan:8081 | 200
            fed.lan:8081   | Origin: http://fed.lan      | 403
            [fd00::1]:8081 | Origin: http://[fd00::1]:8081 | 200
            fed.lan        | Origin: https://fed.lan; X-Forwarded-Proto: https      | 200
            fed.lan        | Origin: http://fed.lan; X-Forwarded-Proto: https       | 403
            fed.lan:8443   | Origin: https://fed.lan:8443; X-Forwarded-Proto: https | 200
            fed.lan:8443   | Origin: https://fed.lan; X-Forwarded-Proto: https      | 403
            fed.lan        | Origin: https://fed.lan:444; X-Forwarded-Proto: https; X-Forwarded-Port: 444 | 200
            127.0.0.1:8080 | Origin: https://fed.lan; X-Forwarded-Proto: https; X-Forwarded-Host: fed.lan | 200
            127.0.0.1:8080 | Origin: https://fed.lan:444; X-Forwarded-Proto: https; X-Forwarded-Host: fed.lan:444 | 200
            127.0.0.1:8080 | Origin: http://127.0.0.1:8080; X-Forwarded-Host: fed.lan | 403
            fed.lan        | Origin: https://app.example  | 200
            fed.lan        | Origin: https://app.example.evil.example | 403
            fed.lan        | Sec-Fetch-Site: same-site    | 403
            fed.lan        | X-Anything: none             | 200
            """)
    void origin_hasToBeTheOneThatWasAsked(String host, String fields, int status)
        throws IOException {
      ask(server.http(), host, fields.split("; ")).is(status);
    }

    @Test
    void allowedOrigin_isAnswered_asBrowsersNeedIt() {
      assertThat(preflight(server.http()).is(200).header("Access-Control-Allow-Origin"))
          .isEqualTo("https://app.example");
      Reply reply =
          server
              .http()
              .get("/v1/models", "Origin: https://app.example", "Sec-Fetch-Site: cross-site")
              .is(200);
      assertThat(reply.header("Access-Control-Allow-Origin")).isEqualTo("https://app.example");
      assertThat(reply.header("Access-Control-Expose-Headers")).contains("ETag");
    }
  }

  @Test
  void crossOrigin_isOff() {
    Reply preflight = preflight(Server.shared().http());
    assertThat(preflight.is(403).header("Access-Control-Allow-Origin")).isEmpty();
  }

  private static Reply preflight(Http http) {
    return http.send(
        "OPTIONS",
        "/v1/models/toy",
        BodyPublishers.noBody(),
        "Origin: https://app.example",
        "Access-Control-Request-Method: PUT",
        "Access-Control-Request-Headers: content-type");
  }
}
