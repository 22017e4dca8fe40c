package io.fedstep.close;

import io.fedstep.aggregate.Distances;
import io.fedstep.aggregate.PairSums;
import io.fedstep.aggregate.Rows;
import io.fedstep.model.ModelSpec;
import io.fedstep.vector.Range;
import io.fedstep.vector.Shard;
import java.util.function.IntFunction;

/**
 * One pass over a round's updates, before they are aggregated, for the distances between them. The
 * tiles are summed in a fixed number of runs and those in order, so that the distances do not
 * depend on threads or shards.
 */
final class DistancePass {
  private DistancePass() {}

  /** The distances between the rows that a tile's number gives. */
  static Distances run(
      ModelSpec spec,
      int updates,
      Shard shard,
      IntFunction<Rows> rows,
      Gather gather,
      PassThreads threads) {
    long parameters = spec.parameters();
    int first = shard.firstRun(parameters);
    var runs = new double[shard.endRun(parameters) - first][];
    threads.run(
        runs.length,
        () ->
            run -> {
              var sums = new PairSums(updates, spec.dtype());
              int end = Shard.firstTile(first + run + 1, parameters);
              for (int tile = Shard.firstTile(first + run, parameters); tile < end; tile++) {
                sums.add(rows.apply(tile), Range.tile(tile, parameters).length());
              }
              runs[run] = sums.sums();
            });
    return shard.equals(Shard.WHOLE)
        ? Distances.of(updates, runs) // half a gigabyte less than one array of all
        : Distances.of(updates, gather.all(joined(runs)));
  }

  private static double[] joined(double[][] runs) {
    double[] all = new double[runs.length * runs[0].length];
    for (int run = 0; run < runs.length; run++) {
      System.arraycopy(runs[run], 0, all, run * runs[run].length, runs[run].length);
    }
    return all;
  }
}
