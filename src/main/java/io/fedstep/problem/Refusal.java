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
 * @param status of HTTP: the problem's own, but where it stands in the way of a change
 */
public record Refusal(
    Problem problem,
    String detail,
    @Nullable Long retryAfter,
    Map<String, Object> members,
    int status) {
  private static final int CONFLICT = 409;

  /** Cuts texts of others. */
  public Refusal {
    detail = Texts.sentence(detail);
    members = Texts.members(members);
  }

  /** A refusal with the problem's own status. */
  public Refusal(
      Problem problem, String detail, @Nullable Long retryAfter, Map<String, Object> members) {
    this(problem, detail, retryAfter, members, problem.status());
  }

  /** A refusal without further members. */
  public static Refusal of(Problem problem, String detail) {
    return new Refusal(problem, detail, null, Map.of());
  }

  /** This refusal with one member more. */
  public Refusal with(String member, Object value) {
    var more = new LinkedHashMap<>(members);
    more.put(member, value);
    return new Refusal(problem, detail, retryAfter, more, status);
  }

  /** This refusal of a request that may go through after so many seconds, at least 1. */
  public Refusal retryAfter(long seconds) {
    return new Refusal(problem, detail, seconds, members, status);
  }

  /** This refusal of a change that the model's state does not allow: 409. */
  public Refusal conflicts() {
    return new Refusal(problem, detail, retryAfter, members, CONFLICT);
  }

  /** The exception that carries this refusal to the place that answers. */
  public RefusedException exception() {
    return new RefusedException(this);
  }
}
