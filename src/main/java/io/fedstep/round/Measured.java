package io.fedstep.round;

import java.util.Collection;
import java.util.SortedMap;
import java.util.TreeMap;

/** Numbers that a client measured, and how much they count. */
public interface Measured {
  /** What the client counts, above 0. */
  double weight();

  /** What it measured, by name. */
  SortedMap<String, Double> metrics();

  /** The weighted mean of each metric, over those who sent it. */
  static SortedMap<String, Double> means(Collection<? extends Measured> all) {
    var sums = new TreeMap<String, Double>();
    var weights = new TreeMap<String, Double>();
    for (Measured one : all) {
      one.metrics()
          .forEach((name, value) -> {
            sums.merge(name, one.weight() * value, Double::sum);
            weights.merge(name, one.weight(), Double::sum);
          });
    }
    sums.replaceAll((name, sum) -> sum / weights.getOrDefault(name, 1.0));
    return sums;
  }
}
