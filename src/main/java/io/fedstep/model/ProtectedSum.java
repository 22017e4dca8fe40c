package io.fedstep.model;

import io.fedstep.aggregate.GridSum;
import io.fedstep.aggregate.Rows;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tile;

/** The gradient as the protected sum of a round's updates; with buffers, for one thread. */
final class ProtectedSum implements ServerStep.Gradients {
  private final Protection.OfRound protection;
  private final GridSum sum;
  private final long[] sums;

  ProtectedSum(Protection.OfRound protection, Dtype dtype, int most) {
    this.protection = protection;
    sum = new GridSum(protection.grid(), protection.factors(), dtype, most);
    sums = new long[most];
  }

  @Override
  public void of(Range range, Rows rows, Tile into) {
    sum.of(rows, range.length(), sums);
    protection.protect(range, sums);
    protection.grid().mean(sums, protection.count(), into);
  }
}
