package io.fedstep.round;

import java.util.List;

/**
 * The stages of a round in their order, by name.
 *
 * @param rows the index of the one whose messages are rows; those of the others are documents
 * @param lastJoins whether a client's last document counts in the first stage while that lasts
 */
public record Course(List<String> stages, int rows, boolean lastJoins) {
  /** One stage, in which clients send their updates. */
  public static final Course PLAIN = new Course(List.of("update"), 0);

  /** Checks that the stage with rows is there, and no name twice. */
  public Course {
    stages = List.copyOf(stages);
    if (rows < 0 || rows >= stages.size() || stages.stream().distinct().count() < stages.size()) {
      throw new IllegalArgumentException("stages %s, of which %s has rows".formatted(stages, rows));
    }
  }

  /** A course in which the first document of a client stands. */
  public Course(List<String> stages, int rows) {
    this(stages, rows, false);
  }

  /** The index of a stage, or -1. */
  public int index(String stage) {
    return stages.indexOf(stage);
  }

  /** Whether a stage is the last. */
  public boolean isLast(int stage) {
    return stage == stages.size() - 1;
  }

  /** Whether there are several. */
  public boolean isStaged() {
    return stages.size() > 1;
  }
}
