package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A server without credentials, on loopback, and the web pages of a browser on the machine. */
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
  @CsvSource({
    "Sec-Fetch-Site: cross-site, 403",
    "Sec-Fetch-Site: same-origin, 200",
    "Sec-Fetch-Site: same-site, 200",
    "Sec-Fetch-Site: none, 200",
    "Origin: https://evil.example, 403",
    "Origin: null, 403",
    "Origin: http://localhost:8080, 200",
    "Origin: http://127.0.0.1:3000, 200",
  })
  void pageOfAnotherSite_isRefused(String field, int status) throws IOException {
    Server server = Server.shared();
    ask(server.http(), "localhost", field).is(status);
  }

  @Test
  void dashboard_isForThisMachineToo() throws IOException {
    try (var request = new RawRequest(Server.shared().http())) {
      request.send("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n").read().problem(403, "forbidden");
    }
  }

  @Test
  void pageOfAnotherSite_closesNoRound_andIsAudited() {
    Model model = Model.create("{\"tensors\": {\"w\": [1]}, \"round\": {\"max_updates\": 5}}");
    model.submit(0, "alice", "{\"gradient\": [1]}").is(201);
    try (var audit = new Audit()) {
      String close = model.path("/rounds/current/close");
      model.http().put(close, "", "Sec-Fetch-Site: cross-site").problem(403, "forbidden");
      assertThat(model.get("").is(200).json().path("version").asInt()).isZero();
      assertThat(audit.lines(close, 1)).singleElement().asString().startsWith("refused status=403");
    }
  }

  @Test
  void crossOrigin_isOff(@TempDir Path data) {
    Reply preflight = preflight(Server.shared().http());
    assertThat(preflight.header("Access-Control-Allow-Origin")).isEmpty();
    try (Server server =
        Server.start(data, "fedstep.security.allowed-origins=https://app.example")) {
      assertThat(preflight(server.http()).is(200).header("Access-Control-Allow-Origin"))
          .isEqualTo("https://app.example");
      Reply reply =
          server
              .http()
              .get("/v1/models", "Origin: https://app.example", "Sec-Fetch-Site: cross-site")
              .is(200);
      assertThat(reply.header("Access-Control-Allow-Origin")).isEqualTo("https://app.example");
      assertThat(reply.header("Access-Control-Expose-Headers")).contains("ETag");
      server.http().get("/v1/models", "Origin: https://evil.example").is(403);
    }
  }

  private static Reply preflight(Http http) {
    return http.send(
        "OPTIONS",
        "/v1/models/toy",
        java.net.http.HttpRequest.BodyPublishers.noBody(),
        "Origin: https://app.example",
        "Access-Control-Request-Method: PUT",
        "Access-Control-Request-Headers: content-type");
  }
}
