package io.fedstep.round;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What goes beside the numbers of an update.
 *
 * @param weight number of local steps or examples, in (0, 2^53]
 * @param metrics at most 32 finite numbers that the client measured
 * @param base the tag of the weights it was computed from, or null if the client does not say
 */
public record UpdateHeader(double weight, SortedMap<String, Double> metrics, @Nullable String base)
    implements Measured {
  private static final double MOST_WEIGHT = 0x1p53;

  /** The most metrics of an update. */
  public static final int MOST_METRICS = 32;

  private static final Pattern METRIC_NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_.-]{0,63}");

  /** Checks the ranges; a {@code RefusedException} says what is wrong. */
  public static UpdateHeader of(double weight, Map<String, Double> metrics, @Nullable String base) {
    if (!(weight > 0 && weight <= MOST_WEIGHT)) {
      throw Refusal.of(
              Problem.BAD_WEIGHT,
              "The weight is %s; 0 < weight <= 2^53 is needed.".formatted(weight))
          .exception();
    }
    if (metrics.size() > MOST_METRICS) {
      throw badMetric(
          "There are %s metrics; at most %s are taken.".formatted(metrics.size(), MOST_METRICS));
    }
    metrics.forEach((name, value) -> {
      if (!METRIC_NAME.matcher(name).matches()) {
        throw badMetric("The metric name '%s' is not %s.".formatted(name, METRIC_NAME));
      }
      if (!Double.isFinite(value)) {
        throw badMetric("The metric '%s' is %s; it has to be finite.".formatted(name, value));
      }
    });
    return new UpdateHeader(
        weight, Collections.unmodifiableSortedMap(new TreeMap<>(metrics)), base);
  }

  /** The same, whose metrics have names that are kept. */
  public UpdateHeader with(MetricNames names) {
    return new UpdateHeader(weight, names.kept(metrics), base);
  }

  private static RuntimeException badMetric(String detail) {
    return Refusal.of(Problem.BAD_METRIC, detail).exception();
  }
}
