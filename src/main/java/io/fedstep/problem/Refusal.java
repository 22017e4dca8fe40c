package io.fedstep.problem;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Why a request is refused.
 *
 * @param problem the code
 * @param detail a sentence that a person can act on; of long texts of others it has the begin
 * @param retryAfter the seconds after which the same request may go through, or null
 * @param members further members of the problem document, in order
 */
public record Refusal(
    Problem problem, String detail, @Nullable Long retryAfter, Map<String, Object> members) {
  /** Cuts texts of others. */
  public Refusal {
    detail = Texts.sentence(detail);
    members = Texts.members(members);
  }

  /** A refusal without further members. */
  public static Refusal of(Problem problem, String detail) {
    return new Refusal(problem, detail, null, Map.of());
  }

  /** This refusal with one member more. */
  public Refusal with(String member, Object value) {
    var more = new LinkedHashMap<>(members);
    more.put(member, value);
    return new Refusal(problem, detail, retryAfter, more);
  }

  /** This refusal of a request that may go through after so many seconds, at least 1. */
  public Refusal retryAfter(long seconds) {
    return new Refusal(problem, detail, seconds, members);
  }

  /** The exception that carries this refusal to the place that answers. */
  public RefusedException exception() {
    return new RefusedException(this);
  }
}
