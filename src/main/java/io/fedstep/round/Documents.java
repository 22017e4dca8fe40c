package io.fedstep.round;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** The documents of a round, by stage and client. */
final class Documents {
  private final List<SortedMap<String, Decision.Answered>> byStage = new ArrayList<>();
  private final boolean lastJoins;

  /** No documents of the stages of a course. */
  Documents(Course course) {
    lastJoins = course.lastJoins();
    for (int stage = 0; stage < course.stages().size(); stage++) {
      byStage.add(stage == course.rows() ? Collections.emptySortedMap() : new TreeMap<>());
    }
  }

  /** The documents of a stage, as a view; none of one with rows. */
  SortedMap<String, Decision.Answered> of(int stage) {
    return Collections.unmodifiableSortedMap(byStage.get(stage));
  }

  void add(int stage, Decision.Answered answer) {
    boolean isFirst = byStage.get(stage).put(answer.client(), answer) == null;
    if (!isFirst && !(stage == 0 && lastJoins)) {
      throw new IllegalStateException(
          "two documents of client '%s' at '%s'".formatted(answer.client(), answer.stage()));
    }
  }

  /** Compares a document with the one that its client has in the stage. */
  static Verdict<Decision.Answered> repeat(Decision.Answered earlier, String document) {
    return earlier.document().equals(document)
        ? new Verdict.Repeats<>(earlier)
        : new Verdict.Refused<>(
            Refusal.of(
                Problem.UPDATE_DIFFERS,
                "Client '%s' already has another document in the stage '%s' of this round."
                    .formatted(earlier.client(), earlier.stage())));
  }
}
