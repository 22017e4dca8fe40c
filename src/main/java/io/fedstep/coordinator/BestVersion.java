package io.fedstep.coordinator;

import io.fedstep.model.KeepBest;
import io.fedstep.round.Measured;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.store.ModelHead;
import io.fedstep.store.Version;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/** The choice of a model's best version, by what clients report of those that are kept. */
public final class BestVersion {
  private BestVersion() {}

  /**
   * A head that has the tag of the best version where it belongs.
   *
   * @param among the versions that are looked at, newest first
   * @param newest the newest version then
   * @param reports a version's reports by client
   */
  public static ModelHead chosen(
      ModelState state,
      ModelHead head,
      List<Version> among,
      long newest,
      LongFunction<Map<String, UpdateMetadata>> reports) {
    KeepBest asked = head.spec().keepBest();
    if (asked == null || head.awaitsWeights(state.folder().newest().info())) {
      return head;
    }
    Long best = null;
    double mean = 0;
    for (Version version : among.reversed()) { // the earlier at a tie
      long number = version.info().version();
      Double found = mean(head, asked, reports.apply(number));
      if (found != null && (best == null || asked.isBetter(found, mean))) {
        best = number;
        mean = found;
      }
    }
    return head.with(head.tags().best(best, newest));
  }

  /** Chooses the best of the versions before one; a head with another tag is saved. */
  public static void choose(
      ModelState state,
      List<Version> kept,
      long newest,
      LongFunction<Map<String, UpdateMetadata>> reports,
      Consumer<ModelHead> saves) {
    ModelHead head = state.folder().head();
    List<Version> before =
        kept.stream().filter(version -> version.info().version() < newest).toList();
    ModelHead chosen = chosen(state, head, before, newest, reports);
    if (!chosen.equals(head)) {
      saves.accept(chosen);
    }
  }

  private static @Nullable Double mean(
      ModelHead head, KeepBest asked, Map<String, UpdateMetadata> all) {
    List<UpdateMetadata> reports =
        all.values().stream()
            .filter(report -> report.metrics().containsKey(asked.metric()))
            .toList();
    return reports.size() < head.spec().leastReports()
        ? null
        : Measured.means(reports, report -> head.spec().counted(report.weight()))
            .get(asked.metric());
  }
}
