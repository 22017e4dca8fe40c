package io.fedstep.model;

import org.jspecify.annotations.Nullable;

/**
 * By what clients measure the best version of a model is known, which is kept and has a tag.
 *
 * @param metric that they report
 * @param mode whether the largest mean is the best one, or the least
 * @param minReports how many reports a version has to have at least; null for as many as the
 *     round's {@code min_updates}
 */
public record KeepBest(String metric, Mode mode, @Nullable Integer minReports) {
  /** Which mean is the best. */
  public enum Mode {
    MAX,
    MIN
  }

  /** Checks the range. */
  public KeepBest {
    if (minReports != null && minReports < 1) {
      throw new IllegalArgumentException(
          "min_reports is %s; it is at least 1, or null".formatted(minReports));
    }
  }

  /** Whether one mean is better than another. */
  public boolean isBetter(double one, double other) {
    return switch (mode) {
      case MAX -> one > other;
      case MIN -> one < other;
    };
  }
}
