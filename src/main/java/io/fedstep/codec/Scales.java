package io.fedstep.codec;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.vector.Tensor;
import java.io.IOException;
import java.io.InputStream;

/** The scales of a tensor's blocks, float32, all finite. */
final class Scales {
  /** The part's name. */
  static final String PART = "scale";

  private final Held held;

  private Scales(Held held) {
    this.held = held;
  }

  /** How many blocks a tensor has. */
  static long count(Tensor tensor, int block) {
    return Math.ceilDiv(tensor.size(), block);
  }

  /** Reads the scales of a tensor that is cut into blocks. */
  static Scales read(InputStream in, Entry entry, Tensor tensor, int block) throws IOException {
    long count = count(tensor, block);
    var scales = new Scales(Held.read(in, entry, count, Float.BYTES));
    for (long i = 0; i < count; i++) {
      float scale = scales.get(i);
      if (!Float.isFinite(scale)) {
        throw Refusal.of(
                Problem.NOT_FINITE,
                "The scale %s of tensor '%s' is %s.".formatted(i, tensor.name(), scale))
            .with("tensor", tensor.name())
            .with("index", tensor.offset() + i * block)
            .exception();
      }
    }
    return scales;
  }

  /** The scale of a block. */
  float get(long block) {
    return (float) held.get(NumberFormat.F32, block);
  }
}
