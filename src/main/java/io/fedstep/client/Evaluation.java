package io.fedstep.client;

import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a client measures of a version. */
@FunctionalInterface
public interface Evaluation {
  /** The report of these weights; null for none. */
  @Nullable Report of(Weights weights) throws IOException, InterruptedException;

  /**
   * Numbers of a version.
   *
   * @param metrics by name; others than finite numbers are left out
   * @param weight the number of examples that they are means of
   */
  record Report(Map<String, Double> metrics, double weight) {}
}
