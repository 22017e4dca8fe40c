package io.fedstep.contract;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a server answered. */
final class Reply {
  private static final JsonMapper MAPPER = new JsonMapper();

  private final int status;
  private final HttpHeaders headers;
  private final byte[] body;

  Reply(int status, HttpHeaders headers, byte[] body) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  static Reply of(HttpResponse<byte[]> response) {
    return new Reply(response.statusCode(), response.headers(), response.body());
  }

  int status() {
    return status;
  }

  byte[] body() {
    return body;
  }

  /** This answer, which has that status. */
  Reply is(int expected) {
    assertThat(status).as("status, with the body %s", this).isEqualTo(expected);
    return this;
  }

  /** The problem document, which is complete and has that status and code. */
  JsonNode problem(int expectedStatus, String expectedCode) {
    JsonNode problem = problem();
    assertThat(status + " " + problem.path("code").asString())
        .as("status and code of %s", this)
        .isEqualTo(expectedStatus + " " + expectedCode);
    return problem;
  }

  /** The problem document, complete whatever its code. */
  JsonNode problem() {
    assertThat(status).as("status, with the body %s", this).isBetween(400, 599);
    assertThat(header("Content-Type"))
        .as("media type of %s", this)
        .startsWith("application/problem+json");
    JsonNode problem = json();
    assertThat(problem.path("status").asInt()).isEqualTo(status);
    assertThat(problem.path("code").asString()).matches("[a-z]+(-[a-z]+)*");
    assertThat(problem.path("type").asString())
        .isEqualTo("urn:fedstep:problem:" + problem.path("code").asString());
    assertThat(problem.path("title").asString()).isNotBlank();
    assertThat(problem.path("detail").asString()).isNotBlank();
    return problem;
  }

  /** A header's fields as one list, empty where it is absent. */
  String header(String name) {
    return String.join(", ", headers.allValues(name));
  }

  JsonNode json() {
    return json(text());
  }

  static JsonNode json(String text) {
    return MAPPER.readTree(text);
  }

  String text() {
    return new String(body, UTF_8);
  }

  @Override
  public String toString() {
    String text = text();
    return status + " " + (text.length() <= 500 ? text : text.substring(0, 500) + "…");
  }
}
