package io.fedstep.optim;

import io.fedstep.vector.Dtype;
import io.fedstep.vector.PairwiseSum;
import io.fedstep.vector.Squares;
import io.fedstep.vector.TensorLayout;
import java.util.List;

/**
 * The norms of a vector's tensors: of each the sum of the squares, in the vector's dtype as NumPy
 * sums; where that overflows, the norm itself, negated. Plain tensors count as zeros.
 *
 * @param layout the vector's tensors
 * @param squares their sums, in order
 */
public record TensorNorms(TensorLayout layout, List<Double> squares) {
  /** Copies the list. */
  public TensorNorms {
    squares = List.copyOf(squares);
  }

  /** Where no module asks. */
  public static TensorNorms none(TensorLayout layout) {
    return new TensorNorms(layout, List.of());
  }

  /** All tensors' sums added in order, in the dtype. */
  double sum(Dtype dtype) {
    double sum = 0;
    for (double square : squares) {
      double plain = PairwiseSum.add(dtype, sum, square);
      sum =
          sum >= 0 && square >= 0 && Double.isFinite(plain)
              ? plain
              : -Math.hypot(Squares.norm(sum), Squares.norm(square));
    }
    return sum;
  }
}
