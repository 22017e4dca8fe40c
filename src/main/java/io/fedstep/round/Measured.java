package io.fedstep.round;

import io.fedstep.aggregate.MetricMean;
import java.util.Collection;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/** Numbers that a client measured, and how much they count. */
public interface Measured {
  /** The client's weight, above 0. */
  double weight();

  /** The metrics by name. */
  SortedMap<String, Double> metrics();

  /** The weighted mean of each metric, over those who sent it: from exact sums, rounded once. */
  static <M extends Measured> SortedMap<String, Double> means(
      Collection<M> all, ToDoubleFunction<M> counts) {
    var sums = new TreeMap<String, MetricMean>();
    for (M one : all) {
      one.metrics()
          .forEach((name, value) ->
              sums.computeIfAbsent(name, _ -> new MetricMean())
                  .add(counts.applyAsDouble(one), value));
    }
    var means = new TreeMap<String, Double>();
    sums.forEach((name, sum) -> means.put(name, sum.value()));
    return means;
  }
}
