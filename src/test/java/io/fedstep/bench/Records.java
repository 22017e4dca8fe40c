package io.fedstep.bench;

import tools.jackson.databind.JsonNode;

/** Checks what rounds came to. */
final class Records {
  private Records() {}

  /** Checks a round's record: as many updates, and their mean. */
  static void check(JsonNode closed, int updates, double normOfMean) {
    check(closed, updates, normOfMean, 1e-6);
  }

  /** The same, whose norm may be off by a share of it. */
  static void check(JsonNode closed, int updates, double normOfMean, double off) {
    double norm = closed.path("gradient_norm").doubleValue();
    boolean right =
        closed.path("outcome").stringValue("").equals("completed")
            && closed.path("updates").intValue() == updates
            && Math.abs(norm - normOfMean) <= off * normOfMean;
    if (!right) {
      throw new IllegalStateException(
          "%s updates whose mean has the norm %s: %s"
              .formatted(updates, normOfMean, closed.toString().substring(0, 300)));
    }
  }
}
