package io.fedstep.store;

import io.fedstep.codec.HalfFormat;
import io.fedstep.codec.Safetensors;
import io.fedstep.model.ModelSpec;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A version's weights in formats of fewer bytes, a file each beside them; without a file they are
 * computed whenever they are read.
 */
final class Halves {
  private final ModelSpec spec;
  private final Map<HalfFormat, Made> all = new EnumMap<>(HalfFormat.class);

  /** What is known of a format. */
  private static final class Made {
    private final MadeFile file;
    private volatile boolean lookedThrough;
    private volatile Half.@Nullable Beyond beyond;

    private Made(MadeFile file) {
      this.file = file;
    }
  }

  Halves(Disk disk, Path folder, ModelSpec spec) {
    this.spec = spec;
    for (HalfFormat format : HalfFormat.of(spec.dtype())) {
      all.put(format, new Made(new MadeFile(disk, folder, format.label() + ".safetensors")));
    }
  }

  /**
   * The weights in a format.
   *
   * @param weights as they are, held, and checked; closed with what is given, or here
   */
  Half get(HalfFormat format, FileRange weights, Half.Making making) {
    Made made = all.get(format);
    if (made == null) {
      throw new IllegalStateException("%s has no %s".formatted(spec.dtype(), format));
    }
    boolean given = false;
    try {
      Half half = get(format, made, weights, making);
      given = half instanceof Half.There;
      return half;
    } finally {
      if (!given) {
        weights.close();
      }
    }
  }

  private Half get(HalfFormat format, Made made, FileRange weights, Half.Making making) {
    long most = Safetensors.head(spec, format).length + spec.parameters() * format.width();
    FileRange file =
        made.file.get(most, to -> isWritten(format, made, weights, making, to), weights::close);
    if (file != null) {
      return new Half.There(file);
    }
    if (!made.lookedThrough) { // without a file, whether the weights have the format at all
      try {
        isWritten(format, made, weights, making, OutputStream.nullOutputStream());
      } catch (IOException e) {
        throw new IllegalStateException("nothing was written", e);
      }
    }
    Half.Beyond beyond = made.beyond;
    return beyond != null
        ? beyond
        : new Half.There(
            new Headed(Safetensors.head(spec, format), new HalfBytes(spec, format, weights)));
  }

  /** Writes the weights in a format; whether they have it. */
  private boolean isWritten(
      HalfFormat format, Made made, FileRange weights, Half.Making making, OutputStream to)
      throws IOException {
    var half = new HalfBytes(spec, format, weights);
    long[] beyond = {-1};
    making.make(
        out -> {
          out.write(Safetensors.head(spec, format));
          int count;
          for (long at = 0; at < spec.parameters() && beyond[0] < 0; at += count) {
            count = (int) Math.min(half.most(), spec.parameters() - at);
            beyond[0] = half.round(at, count);
            out.write(half.rounded(), 0, count * format.width());
          }
        },
        to);
    made.beyond = beyond[0] < 0 ? null : new Half.Beyond(beyond[0]);
    made.lookedThrough = true;
    return beyond[0] < 0;
  }
}
