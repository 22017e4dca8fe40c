package io.fedstep.coordinator;

import io.fedstep.aggregate.Distances;
import io.fedstep.aggregate.PairSums;
import io.fedstep.aggregate.Rows;
import io.fedstep.model.ModelSpec;
import io.fedstep.vector.Range;
import java.util.concurrent.ExecutorService;
import java.util.function.IntFunction;

/**
 * One pass over a round's updates, before they are aggregated, for the distances between them. The
 * tiles are summed in a fixed number of runs and those in order, so that the distances do not
 * depend on who computes them.
 */
final class DistancePass {
  /** Of half a megabyte for 362 updates, and of four for the most. */
  private static final int RUNS = 16;

  private DistancePass() {}

  /** The distances between the rows that a tile's number gives. */
  static Distances run(
      ModelSpec spec, int updates, IntFunction<Rows> rows, ExecutorService helpers, int threads) {
    long tiles = Range.tiles(spec.parameters());
    var runs = new PairSums[(int) Math.min(RUNS, tiles)];
    Parts.run(
        helpers,
        threads,
        runs.length,
        () ->
            run -> {
              var sums = new PairSums(updates, spec.dtype());
              int end = (int) (tiles * (run + 1) / runs.length);
              for (int tile = (int) (tiles * run / runs.length); tile < end; tile++) {
                sums.add(rows.apply(tile), Range.tile(tile, spec.parameters()).length());
              }
              runs[run] = sums;
            });
    return Distances.of(updates, runs);
  }
}
