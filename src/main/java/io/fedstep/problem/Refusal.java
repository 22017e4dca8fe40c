package io.fedstep.problem;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Why a request is refused.
 *
 * @param problem the code
 * @param detail a sentence that a person can act on; of long texts of others it has the begin
 * @param members further members of the problem document, in order
 */
public record Refusal(Problem problem, String detail, Map<String, Object> members) {
  /** Cuts texts of others. */
  public Refusal {
    detail = Texts.sentence(detail);
    members = Texts.members(members);
  }

  /** A refusal without further members. */
  public static Refusal of(Problem problem, String detail) {
    return new Refusal(problem, detail, Map.of());
  }

  /** This refusal with one member more. */
  public Refusal with(String member, Object value) {
    var more = new LinkedHashMap<>(members);
    more.put(member, value);
    return new Refusal(problem, detail, more);
  }

  /** The exception that carries this refusal to the place that answers. */
  public RefusedException exception() {
    return new RefusedException(this);
  }
}
