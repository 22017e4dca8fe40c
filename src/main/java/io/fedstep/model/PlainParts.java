package io.fedstep.model;

import io.fedstep.vector.Dtype;
import io.fedstep.vector.Stretch;
import io.fedstep.vector.Tile;
import java.util.List;

/**
 * The gradient of plain tensors in one range of coordinates, put aside while the optimizer works on
 * the range; it has a buffer, for one thread.
 */
final class PlainParts {
  private final Tile aside;

  /** For ranges of at most {@code most} coordinates. */
  PlainParts(Dtype dtype, int most) {
    aside = Tile.zeros(dtype, most);
  }

  /** Runs something on a range of the gradient that leaves its plain stretches as they are. */
  void keep(List<Stretch> stretches, Tile gradient, Runnable work) {
    List<Stretch> plain = stretches.stream().filter(Stretch::isPlain).toList();
    plain.forEach(part -> aside.put(part.at(), gradient, part.at(), part.length()));
    work.run();
    plain.forEach(part -> gradient.put(part.at(), aside, part.at(), part.length()));
  }
}
