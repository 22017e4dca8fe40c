package io.fedstep.web;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import jakarta.servlet.http.HttpServletRequest;

/** The preconditions of a GET or HEAD, in their order (RFC 9110, 13.2.2). */
final class Conditions {
  private static final String MATCH = "If-Match";
  private static final String NONE_MATCH = "If-None-Match";

  private Conditions() {}

  /** The tags that the client has. */
  static EntityTags known(HttpServletRequest request) {
    return EntityTags.of(request, NONE_MATCH);
  }

  /** Whether the client has this representation; 412 if it wants only another one. */
  static boolean isKnown(HttpServletRequest request, String etag) {
    if (request.getHeader(MATCH) != null && !EntityTags.of(request, MATCH).matchStrongly(etag)) {
      throw Refusal.of(
              Problem.PRECONDITION_FAILED,
              "The tag here is %s, which If-Match does not name.".formatted(etag))
          .exception();
    }
    return known(request).match(etag);
  }

  /** Whether {@code Range} is to be looked at: {@code If-Range} is absent, or names this. */
  static boolean isRangeWanted(HttpServletRequest request, String etag) {
    String field = request.getHeader("If-Range");
    return request.getMethod().equals("GET") && (field == null || field.strip().equals(etag));
  }
}
