package io.fedstep.round;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An update's weight, metrics and base, and how it was computed; a report has the first two alone.
 *
 * @param weight number of local steps or examples, in (0, 2^53]
 * @param metrics at most {@value #MOST_METRICS} finite numbers that the client measured
 * @param base the tag of the weights it was computed from, or null if the client does not say
 * @param signature of an update whose numbers are hidden, or null
 * @param localRate how far a constant gradient of 1 would have moved the weights, from 1e-12 to
 *     1e12, or null if the client does not say
 * @param control the client's own that it was computed with, or null if the client does not say
 */
public record UpdateMetadata(
    double weight,
    SortedMap<String, Double> metrics,
    @Nullable String base,
    @Nullable String signature,
    @Nullable Double localRate,
    @Nullable Control control)
    implements Measured {
  private static final double MOST_WEIGHT = 0x1p53;

  private static final double LEAST_RATE = 1e-12;
  private static final double MOST_RATE = 1e12;

  /** The most metrics of an update. */
  public static final int MOST_METRICS = 128;

  /** The most code points of a metric's name. */
  private static final int MOST_CHARACTERS = 128;

  /** The most bytes of the names of an update's metrics together, in UTF-8. */
  private static final int MOST_NAME_BYTES = 4096;

  /** Code points that print, with blanks inside alone. */
  private static final Pattern METRIC_NAME =
      Pattern.compile("[^\\p{C}\\p{Z}](?:[^\\p{C}\\p{Zl}\\p{Zp}]*[^\\p{C}\\p{Z}])?");

  /** One that says no more. */
  public UpdateMetadata(double weight, SortedMap<String, Double> metrics, @Nullable String base) {
    this(weight, metrics, base, null, null, null);
  }

  /** That of an update whose numbers are hidden, and what they say with them. */
  public static UpdateMetadata masked(@Nullable String signature) {
    return new UpdateMetadata(1, Collections.emptySortedMap(), null, signature, null, null);
  }

  /** Checks the ranges; a {@code RefusedException} says what is wrong. */
  public static UpdateMetadata of(
      double weight, Map<String, Double> metrics, @Nullable String base) {
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
      if (!isMetric(name)) {
        throw badMetric(
            "The metric's name '%s' is not 1 to %s printable characters, without blanks at the ends."
                .formatted(name, MOST_CHARACTERS));
      }
      if (!Double.isFinite(value)) {
        throw badMetric("The metric '%s' is %s; it has to be finite.".formatted(name, value));
      }
    });
    int bytes = metrics.keySet().stream().mapToInt(name -> name.getBytes(UTF_8).length).sum();
    if (bytes > MOST_NAME_BYTES) {
      throw badMetric(
          "The metrics' names have %s bytes of UTF-8 together; at most %s are taken."
              .formatted(bytes, MOST_NAME_BYTES));
    }
    return new UpdateMetadata(
        weight, Collections.unmodifiableSortedMap(new TreeMap<>(metrics)), base);
  }

  /** The same computed in that way; a {@code RefusedException} says what is wrong with it. */
  public UpdateMetadata computed(@Nullable Double rate, @Nullable Control with) {
    if (rate != null && !(rate >= LEAST_RATE && rate <= MOST_RATE)) {
      throw Refusal.of(
              Problem.BAD_RATE,
              "The local rate is %s; %s to %s is needed.".formatted(rate, LEAST_RATE, MOST_RATE))
          .exception();
    }
    return new UpdateMetadata(weight, metrics, base, signature, rate, with);
  }

  /** How it was computed, or null if the client does not say. */
  @Nullable LocalRun local() {
    return localRate == null ? null : new LocalRun(localRate, control instanceof Control.Lost);
  }

  /** Whether a text can be a metric's name. */
  public static boolean isMetric(String text) {
    return text.length() <= 2 * MOST_CHARACTERS
        && text.codePointCount(0, text.length()) <= MOST_CHARACTERS
        && METRIC_NAME.matcher(text).matches();
  }

  /** A copy whose metrics share their names with others', without those beyond the bound. */
  public UpdateMetadata with(MetricNames names) {
    return new UpdateMetadata(weight, names.kept(metrics), base, signature, localRate, control);
  }

  private static RuntimeException badMetric(String detail) {
    return Refusal.of(Problem.BAD_METRIC, detail).exception();
  }
}
