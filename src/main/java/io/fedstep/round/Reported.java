package io.fedstep.round;

import io.fedstep.model.ModelSpec;
import java.util.Collection;
import java.util.SortedMap;

/**
 * What clients reported of a version.
 *
 * @param count how many did
 * @param metrics the means of what they measured, weighted by what their reports count
 */
public record Reported(int count, SortedMap<String, Double> metrics) {
  /** The means of reports, whose weights a spec may bound. */
  public static Reported of(Collection<UpdateMetadata> reports, ModelSpec spec) {
    return new Reported(
        reports.size(), Measured.means(reports, report -> spec.counted(report.weight())));
  }
}
