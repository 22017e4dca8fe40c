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
    var sums = new TreeMap<String, ScaledMean>();
    for (Measured one : all) {
      one.metrics()
          .forEach((name, value) ->
              sums.computeIfAbsent(name, _ -> new ScaledMean()).expect(one.weight(), value));
    }
    for (Measured one : all) {
      one.metrics()
          .forEach((name, value) ->
              sums.computeIfPresent(
                  name,
                  (_, sum) -> {
                    sum.add(one.weight(), value);
                    return sum;
                  }));
    }
    var means = new TreeMap<String, Double>();
    sums.forEach((name, sum) -> means.put(name, sum.value()));
    return means;
  }
}
