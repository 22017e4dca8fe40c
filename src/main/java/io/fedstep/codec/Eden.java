package io.fedstep.codec;

import io.fedstep.thin.EdenBlock;
import io.fedstep.thin.RandomSigns;
import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Rotated blocks, each value of which is the centroid of a code of few bits: {@code w = ± H c
 * scale}, with H the Hadamard matrix and signs from a seed (S. Vargaftik et al., DRIVE, 2021, and
 * EDEN, 2022).
 *
 * @param bits of a code
 * @param seed of the signs
 */
record Eden(int bits, long seed) implements Encoding {
  static final String NAME = "eden";

  private static final String CODES = "codes";
  private static final int MOST_BITS = 4;

  /** What the metadata of a body says. */
  static Eden of(EncodingKeys keys) {
    long bits = keys.number("bits");
    if (bits < 1 || bits > MOST_BITS) {
      throw keys.malformed("bits", "1 to %s".formatted(MOST_BITS));
    }
    return new Eden((int) bits, keys.number("seed"));
  }

  @Override
  public String label() {
    return NAME + "-" + bits;
  }

  @Override
  public List<String> parts() {
    return List.of(Scales.PART, CODES);
  }

  @Override
  public boolean isOrdered() {
    return true;
  }

  @Override
  public Decoder decoder(Tensor tensor, int number) {
    return new Rotated(tensor, number);
  }

  private final class Rotated implements Decoder {
    private final Tensor tensor;
    private final RandomSigns signs;
    private @Nullable Scales scales;

    Rotated(Tensor tensor, int number) {
      this.tensor = tensor;
      signs = new RandomSigns(seed, number);
    }

    @Override
    public void check(String part, Entry entry) {
      if (part.equals(Scales.PART)) {
        entry.check("F32", List.of(Scales.count(tensor, EdenBlock.SIZE)), tensor);
      } else {
        entry.check("U8", List.of(bytes()), tensor);
      }
    }

    private long bytes() {
      int rest = (int) (tensor.size() % EdenBlock.SIZE);
      long values = tensor.size() - rest + (rest == 0 ? 0 : EdenBlock.padded(rest));
      return values / Byte.SIZE * bits;
    }

    @Override
    public void read(String part, Entry entry, InputStream in, VectorIntake intake)
        throws IOException {
      if (part.equals(Scales.PART)) {
        scales = Scales.read(in, entry, tensor, EdenBlock.SIZE);
      } else {
        readCodes(entry, Objects.requireNonNull(scales), in, intake);
        scales = null;
      }
    }

    private void readCodes(Entry entry, Scales known, InputStream in, VectorIntake intake)
        throws IOException {
      int longest = (int) Math.min(EdenBlock.SIZE, tensor.size());
      double[] values = new double[EdenBlock.padded(longest)];
      byte[] codes = new byte[values.length / Byte.SIZE * bits];
      for (long done = 0; done < tensor.size(); done += EdenBlock.SIZE) {
        int count = (int) Math.min(EdenBlock.SIZE, tensor.size() - done);
        int length = EdenBlock.padded(count);
        entry.readFully(in, codes, length / Byte.SIZE * bits);
        EdenBlock.decode(codes, bits, values, length);
        double scale = known.get(done / EdenBlock.SIZE);
        switch (intake.tile()) {
          case FloatTile tile -> write(values, count, scale, done, tile.values());
          case DoubleTile tile -> write(values, count, scale, done, tile.values());
        }
        intake.put(tensor.offset() + done, count);
      }
    }

    /** Signs are those of the rounded product, 32 at a time: a loop that is compiled to vectors. */
    private void write(double[] values, int count, double scale, long first, float[] into) {
      for (int from = 0; from < count; from += Integer.SIZE) {
        long place = first + from;
        int word = (int) (signs.word(place / Long.SIZE) >>> (place % Long.SIZE));
        int some = Math.min(Integer.SIZE, count - from);
        for (int k = 0; k < some; k++) {
          int product = Float.floatToRawIntBits((float) (values[from + k] * scale));
          into[from + k] = Float.intBitsToFloat(product ^ ((word >>> k) << 31)) + 0.0f; // no -0.0
        }
      }
    }

    private void write(double[] values, int count, double scale, long first, double[] into) {
      long word = 0;
      for (int i = 0; i < count; i++) {
        word = i % Long.SIZE == 0 ? signs.word((first + i) / Long.SIZE) : word >>> 1;
        into[i] = RandomSigns.apply(word, values[i] * scale) + 0.0;
      }
    }
  }
}
