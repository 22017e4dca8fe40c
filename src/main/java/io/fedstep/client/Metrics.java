package io.fedstep.client;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Leaves out of metrics what would cost an update, with one warning by name. */
final class Metrics {
  private static final System.Logger LOG = System.getLogger("io.fedstep.client");
  private static final int MOST = 128;
  private static final int MOST_BYTES = 4096;

  private final Set<String> warned = ConcurrentHashMap.newKeySet();

  /** Those that the server takes: finite numbers by names of printable characters. */
  Map<String, Double> accepted(Map<String, ? extends @Nullable Double> metrics) {
    var taken = new TreeMap<String, Double>();
    int size = 0;
    for (var metric : metrics.entrySet()) {
      String name = metric.getKey();
      Double value = metric.getValue();
      size += name.getBytes(StandardCharsets.UTF_8).length;
      if (value == null || !Double.isFinite(value)) {
        leaveOut(name, value + " is no finite number");
      } else if (!isName(name)) {
        leaveOut(name, "its name is not 1 to 128 printable characters");
      } else if (taken.size() == MOST || size > MOST_BYTES) {
        leaveOut(name, "there are more than 128, or their names are too long");
      } else {
        taken.put(name, value);
      }
    }
    return taken;
  }

  /** Warns, the first time. */
  void leaveOut(String name, String why) {
    if (warned.size() < 10 * MOST && warned.add(name)) {
      LOG.log(System.Logger.Level.WARNING, () -> "the metric '" + name + "' is left out: " + why);
    }
  }

  private static boolean isName(String name) {
    int length = name.codePointCount(0, name.length());
    return length >= 1
        && length <= MOST
        && name.equals(name.strip())
        && name.codePoints().noneMatch(Metrics::isUnprintable);
  }

  private static boolean isUnprintable(int one) {
    return switch (Character.getType(one)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          true;
      default -> false;
    };
  }
}
