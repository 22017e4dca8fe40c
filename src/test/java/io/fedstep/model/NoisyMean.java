package io.fedstep.model;

import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tile;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** The gradient of a private round by its definition, from the updates and its close's key. */
public final class NoisyMean {
  private NoisyMean() {}

  /**
   * The values of that gradient as little-endian float64.
   *
   * @param privacy with the norm to which the round cuts
   * @param size the number of coordinates
   * @param updates in the order of their clients' names; none in a round whose draw was empty
   * @param norms the L2 norm of each
   */
  public static byte[] of(
      DifferentialPrivacy privacy, int size, List<double[]> updates, double[] norms, byte[] key) {
    Protection.OfRound round = privacy.begin(size, norms, key);
    byte[] gradient = new byte[size * Double.BYTES];
    for (int tile = 0; tile < Range.tiles(size); tile++) {
      Range range = Range.tile(tile, size);
      long[] sums = new long[range.length()];
      for (int row = 0; row < norms.length; row++) {
        double[] part = new double[range.length()];
        System.arraycopy(updates.get(row), (int) range.from(), part, 0, part.length);
        round.grid().add(new DoubleTile(part, part.length), round.factors()[row], sums);
      }
      round.protect(range, sums);
      Tile mean = Tile.zeros(Dtype.FLOAT64, range.length());
      round.grid().mean(sums, round.count(), mean);
      mean.write(MemorySegment.ofArray(gradient), range.from() * Double.BYTES);
    }
    return gradient;
  }
}
