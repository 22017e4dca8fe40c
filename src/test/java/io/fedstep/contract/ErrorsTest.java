package io.fedstep.contract;

import static io.fedstep.contract.Model.PLAIN;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.LinkedHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A problem document for every path and status, the container's own answers included. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ErrorsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/nowhere",
        "/v1",
        "/v1/nowhere",
        "/v1/models/m/nowhere",
        "/v2/models",
        "/actuator/nowhere",
        "/favicon.png"
      })
  void path_thatIsNot_isNotFound(String path) {
    Http http = Server.shared().http();
    assertThat(http.get(path).is(404).problem().path("code").asString())
        .isIn("not-found", "model-not-found");
    http.get(path.replace("/m/", "/" + Model.create(PLAIN).name() + "/"), "Accept: text/html")
        .problem(404, "not-found");
  }

  @ParameterizedTest
  @CsvSource({
    "POST, ",
    "PATCH, ",
    "POST, /weights",
    "DELETE, /weights",
    "PUT, /rounds/current",
    "GET, /rounds/current/close",
    "DELETE, /rounds/0/updates/alice",
    "POST, /rounds/0/updates/alice",
    "GET, /stop",
    "PUT, /versions/0/restore",
    "DELETE, /optimizer/state"
  })
  void method_thatIsNotThere_isNotAllowed(String method, String path) {
    Model model = Model.create(PLAIN);
    Reply reply =
        model.http().send(method, model.path(path == null ? "" : path), BodyPublishers.noBody());
    reply.problem(405, "method-not-allowed");
    assertThat(reply.header("Allow")).isNotEmpty();
  }

  /** What the container refuses before it comes to any code of ours. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /v1/models/a|b HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /v1/models/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /v1/models/a%2Fb HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /v1/models/a\"b HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /v1/models?a={} HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /v1/models HTTP/1.1\r\n\r\n",
        "GET /v1/models HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "PUT /v1/models/m HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n",
        "PUT /v1/models/m HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1, 2\r\n\r\n",
        "G(T /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /../v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"
      })
  void request_thatIsNoHttp_isMalformed(String request) throws IOException {
    try (var raw = new RawRequest(Server.shared().http())) {
      raw.send(request).read().problem(400, "malformed");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /v1/models HTTP/1.1 x\r\nHost: localhost\r\n\r\n",
        "GET /v1/models HTTP/7.3\r\nHost: localhost\r\n\r\n",
        "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX: LONG\r\n\r\n",
        "GET /v1/models/LONG HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "PUT /v1/models/m HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: rot13\r\n\r\n",
        "TRACE /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "BREW /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "OPTIONS /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n"
      })
  void refusal_ofTheContainer_isAProblem(String request) throws IOException {
    try (var raw = new RawRequest(Server.shared().http())) {
      raw.send(request.replace("LONG", "x".repeat(100_000))).read().problem();
    }
  }

  @Test
  void chunks_thatAreNone_areMalformed() throws IOException {
    Model model = Model.create(PLAIN);
    String head =
        """
        PUT %s HTTP/1.1
        Host: localhost
        Content-Type: application/octet-stream
        Transfer-Encoding: chunked

        many
        """
            .formatted(model.path(Model.update(0, "alice")))
            .replace("\n", "\r\n");
    try (var raw = new RawRequest(model.http())) {
      raw.send(head).read().problem(400, "malformed");
    }
  }

  /** What surrounds chunks is bounded, and chunks may be as small as they like. */
  @Test
  void chunks_withMuchAroundThem_areMalformed() throws IOException {
    Model model = Model.create(PLAIN);
    String head =
        "PUT %s HTTP/1.1\r\nHost: localhost\r\n%s\r\nTransfer-Encoding: chunked\r\n\r\n"
            .formatted(model.path(Model.update(0, "alice")), Http.OCTETS);
    String small = "1\r\n\0\r\n".repeat(12);
    try (var raw = new RawRequest(model.http())) {
      raw.send(head + "1;" + "x".repeat(100_000)).read().problem(400, "malformed");
    }
    try (var raw = new RawRequest(model.http())) {
      raw.send(head + small + "0\r\n" + "X-Trailer: y\r\n".repeat(10_000)).read().problem();
    }
    try (var raw = new RawRequest(model.http())) {
      raw.send(head + small + "0\r\n\r\n").read().is(201);
    }
  }

  /** Where no body is taken it is never read, and the connection is of no more use. */
  @Test
  void body_whereNoneIsTaken_isNotRead() throws IOException {
    String[] requests = {
      "GET /actuator/health/liveness 200",
      "GET /actuator/health 200",
      "POST /actuator/health 405",
      "GET /v1/models 200",
      "HEAD /v1/models/m/weights 404",
      "DELETE /v1/models/m 404",
      "POST /v1/models/m/stop 404",
      "POST /v1/models/m/versions/0/restore 404",
      "PATCH /v1/models 405",
      "GET / 200",
      "GET /nowhere 404",
      "GET /v1/models/%zz 400",
    };
    String[] types = {"application/json", "multipart/form-data; boundary=x", "text/plain"};
    var sent = new LinkedHashMap<RawRequest, String>();
    for (String request : requests) {
      for (String type : types) {
        String line = request.replaceAll(" \\d+$", " HTTP/1.1");
        String fields =
            "Host: localhost\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n"
                .formatted(type);
        var raw = new RawRequest(Server.shared().http()).send(line + "\r\n" + fields);
        sent.put(raw.send("10\r\n{\"a\": \"bcdefghij\r\n"), request);
      }
    }
    for (RawRequest raw : sent.keySet()) {
      String request = sent.get(raw);
      Reply reply = raw.read(!request.startsWith("HEAD"));
      assertThat(request).endsWith(" " + reply.status());
      assertThat(reply.header("Connection")).as(request).isEqualTo("close");
    }
    for (RawRequest raw : sent.keySet()) {
      assertThat(raw.isClosedByPeer()).as(sent.get(raw)).isTrue();
      raw.close();
    }
  }

  @Test
  void problem_isTheSameWhateverIsAccepted() {
    Model model = Model.unborn();
    for (String accept : new String[] {"*/*", "application/octet-stream", "text/html", "x/y"}) {
      model.get("", "Accept: " + accept).problem(404, "model-not-found");
    }
  }

  @Test
  void detail_namesWhatIsMissing() {
    Model model = Model.unborn();
    assertThat(model.get("").problem(404, "model-not-found").path("detail").asString())
        .contains(model.name());
  }
}
