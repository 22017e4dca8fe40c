package io.fedstep.client;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A request that the server refused: its problem document. */
public final class RefusedByServer extends IOException {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final String code;
  private final transient JsonNode problem;

  private RefusedByServer(String message, int status, String code, JsonNode problem) {
    super(message);
    this.status = status;
    this.code = code;
    this.problem = problem;
  }

  static RefusedByServer of(HttpRequest request, HttpResponse<byte[]> answer) {
    JsonNode problem = problem(answer.body());
    String code = problem.path("code").asString("");
    String detail =
        problem.path("detail").asString(new String(answer.body(), StandardCharsets.UTF_8));
    return new RefusedByServer(
        "%s %s: %s %s: %s"
            .formatted(request.method(), request.uri(), answer.statusCode(), code, detail),
        answer.statusCode(),
        code,
        problem);
  }

  private static JsonNode problem(byte[] body) {
    try {
      return JsonMapper.shared().readTree(body);
    } catch (JacksonException e) { // of a proxy, say
      return JsonMapper.shared().createObjectNode();
    }
  }

  /** The status of the answer. */
  public int status() {
    return status;
  }

  /** The code of the problem, such as {@code round-closed}; empty where the answer had none. */
  public String code() {
    return code;
  }

  /** The whole problem document, members such as {@code current_round} included. */
  public JsonNode problem() {
    return problem;
  }
}
