package io.fedstep.secure;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The words behind the coordinates of an unmasked sum.
 *
 * @param padding words that are zero in the sum of honest clients
 * @param weight the sum of all weights
 * @param cut how many coordinates were cut, over all members
 * @param metrics for each the sum of {@code weight · rint(value · 2^16)}
 */
public record SumTail(List<Long> padding, long weight, long cut, List<Long> metrics) {
  /** A step of a metric is 2 to the power of minus this. */
  public static final int METRIC_BITS = 16;

  /** The largest absolute value of a metric. */
  public static final long MOST_METRIC = 1024;

  /** The tail of a sum: its padding as two's complement, and its words of 64 bits. */
  public static SumTail of(long[] padding, long[] words) {
    var metrics = new ArrayList<Long>();
    for (int i = BodyForm.METRICS; i < words.length; i++) {
      metrics.add(words[i]);
    }
    return new SumTail(
        IntStream.range(0, padding.length).mapToObj(i -> padding[i]).toList(),
        words[0],
        words[1],
        List.copyOf(metrics));
  }

  /** Why it cannot be the sum of so many honest clients, or null. */
  public @Nullable String wrong(RoundFacts facts, int online) {
    if (padding.stream().anyMatch(word -> word != 0)) {
      return "its padding is not zero";
    }
    if (weight < online || weight > online * facts.maxWeight()) {
      return "its weight is out of range";
    }
    long mostCut = facts.noise() == null ? online * facts.parameters() : 0;
    if (cut < 0 || cut > mostCut) {
      return "its count of cut coordinates is out of range";
    }
    long most = (MOST_METRIC << METRIC_BITS) * weight;
    return metrics.stream().allMatch(sum -> sum >= -most && sum <= most)
        ? null
        : "one of its metrics is out of range";
  }

  /** The largest absolute value of a coordinate of the sum. */
  public long mostCoordinate(RoundFacts facts) {
    return facts.quantizer().bound() * weight;
  }

  /** The weighted mean of a metric. */
  public double metric(int index) {
    return new MeanOfSum(METRIC_BITS, weight).of(metrics.get(index));
  }

  /** The share of coordinates that were cut. */
  public double clipped(RoundFacts facts, int online) {
    return cut / ((double) online * facts.parameters());
  }
}
