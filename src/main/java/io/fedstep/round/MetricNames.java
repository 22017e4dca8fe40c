package io.fedstep.round;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;

/**
 * The names of the metrics of a round, or of the reports of a version: each once, and a bounded
 * number of them. Metrics of further names are left out. For one thread at a time.
 */
public final class MetricNames {
  /** Names that are kept. */
  public static final int MOST = 1000;

  private final Map<String, String> names = new HashMap<>();
  private String[] last = {};

  /** The metrics whose names are kept, without a copy of any name. */
  @SuppressWarnings("ReferenceEquality") // an equal array would be one more in memory
  public SortedMap<String, Double> kept(SortedMap<String, Double> metrics) {
    if (metrics instanceof PackedMetrics packed && packed.names() == last) {
      return packed;
    }
    var found = new String[metrics.size()];
    var values = new double[found.length];
    int count = 0;
    for (Map.Entry<String, Double> metric : metrics.entrySet()) {
      String name = names.get(metric.getKey());
      if (name == null && names.size() < MOST) {
        name = metric.getKey();
        names.put(name, name);
      }
      if (name != null) {
        found[count] = name;
        values[count++] = metric.getValue();
      }
    }
    return new PackedMetrics(shared(Arrays.copyOf(found, count)), Arrays.copyOf(values, count));
  }

  /** Updates that come one after another mostly have the same names. */
  private String[] shared(String[] found) {
    if (!Arrays.equals(found, last)) {
      last = found;
    }
    return last;
  }
}
