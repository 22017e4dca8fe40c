package io.fedstep.wire;

import io.fedstep.codec.Json;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Writes problem documents (RFC 9457): the one form in which anything is refused. */
public final class Problems {
  private static final JsonMapper MAPPER = JsonMapper.shared();

  private Problems() {}

  /** The document of a refusal. */
  static ObjectNode document(Refusal refusal, int status) {
    Problem problem = refusal.problem();
    ObjectNode json =
        Json.object()
            .put("type", "urn:fedstep:problem:" + problem.code())
            .put("title", problem.title())
            .put("status", status)
            .put("detail", refusal.detail())
            .put("code", problem.code());
    for (Map.Entry<String, Object> member : refusal.members().entrySet()) {
      json.set(member.getKey(), MAPPER.valueToTree(member.getValue()));
    }
    if (refusal.retryAfter() != null) {
      json.put("retry_after", refusal.retryAfter());
    }
    return json;
  }

  /** Answers with a refusal, unless an answer is already on its way. */
  public static void write(HttpServletResponse response, Refusal refusal, int status)
      throws IOException {
    if (response.isCommitted()) {
      return; // the client sees an answer cut short
    }
    response.resetBuffer();
    response.setStatus(status);
    response.setContentType("application/problem+json");
    if (refusal.retryAfter() != null) {
      response.setHeader("Retry-After", refusal.retryAfter().toString());
    }
    Object length = refusal.members().get("length");
    if (length != null) {
      response.setHeader("Content-Range", "bytes */" + length);
    }
    byte[] body = MAPPER.writeValueAsBytes(document(refusal, status));
    response.setContentLength(body.length);
    response.getOutputStream().write(body);
  }

  /** The problem that stands for a status of the container's or the framework's. */
  public static Problem of(int status) {
    return switch (status) {
      case 401 -> Problem.UNAUTHORIZED;
      case 403 -> Problem.FORBIDDEN;
      case 404 -> Problem.NOT_FOUND;
      case 405 -> Problem.METHOD_NOT_ALLOWED;
      case 406 -> Problem.NOT_ACCEPTABLE;
      case 412 -> Problem.PRECONDITION_FAILED;
      case 413 -> Problem.TOO_LARGE;
      case 415 -> Problem.UNSUPPORTED_FORMAT;
      case 416 -> Problem.RANGE_NOT_SATISFIABLE;
      case 429 -> Problem.TOO_MANY_REQUESTS;
      case 503 -> Problem.NOT_READY;
      default -> status >= 500 ? Problem.INTERNAL : Problem.MALFORMED;
    };
  }

  /** The refusal that stands for a bare status. */
  public static Refusal refusal(int status) {
    Problem problem = of(status);
    return Refusal.of(
        problem,
        switch (problem) {
          case MALFORMED -> "The request is not valid HTTP, or over a limit of the server.";
          case NOT_FOUND -> "There is nothing at this address.";
          case INTERNAL -> "The server has a fault; its log says more.";
          default -> problem.title() + ".";
        });
  }

  /** The refusal of a request that does not match what is described. */
  public static RefusedException malformed(String detail) {
    return Refusal.of(Problem.MALFORMED, detail).exception();
  }
}
