package io.fedstep.codec;

import io.fedstep.thin.Int8Block;
import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Bytes, each times the scale of its block.
 *
 * @param block values that have a scale in common, a power of two
 */
record Int8(int block) implements Encoding {
  static final String NAME = "int8";

  private static final String CODES = "codes";
  private static final int LEAST = 32;
  private static final int MOST = 65536;

  /** What the metadata of a body says. */
  static Int8 of(EncodingKeys keys) {
    long block = keys.number("block", Int8Block.SIZE);
    if (block < LEAST || block > MOST || Long.bitCount(block) != 1) {
      throw keys.malformed("block", "a power of two from %s to %s".formatted(LEAST, MOST));
    }
    return new Int8((int) block);
  }

  @Override
  public String label() {
    return NAME;
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
    return new Scaled(tensor, block);
  }

  private static final class Scaled implements Decoder {
    private final Tensor tensor;
    private final int block;
    private @Nullable Scales scales;

    Scaled(Tensor tensor, int block) {
      this.tensor = tensor;
      this.block = block;
    }

    @Override
    public void check(String part, Entry entry) {
      if (part.equals(Scales.PART)) {
        entry.check("F32", List.of(Scales.count(tensor, block)), tensor);
      } else {
        entry.check("I8", tensor.shape(), tensor);
      }
    }

    @Override
    public void read(String part, Entry entry, InputStream in, VectorIntake intake)
        throws IOException {
      if (part.equals(Scales.PART)) {
        scales = Scales.read(in, entry, tensor, block);
      } else {
        readCodes(entry, in, intake);
        scales = null;
      }
    }

    private void readCodes(Entry entry, InputStream in, VectorIntake intake) throws IOException {
      byte[] codes = new byte[(int) Math.min(intake.tile().length(), tensor.size())];
      for (long done = 0; done < tensor.size(); done += codes.length) {
        int some = (int) Math.min(codes.length, tensor.size() - done);
        entry.readFully(in, codes, some);
        scale(done, codes, some, intake);
        intake.put(tensor.offset() + done, some);
      }
    }

    private void scale(long first, byte[] codes, int count, VectorIntake intake) {
      Scales known = Objects.requireNonNull(scales);
      int to;
      for (int from = 0; from < count; from = to) {
        long number = (first + from) / block;
        to = (int) Math.min(count, (number + 1) * block - first);
        switch (intake.tile()) {
          case FloatTile tile -> scale(codes, from, to, known.get(number), tile.values());
          case DoubleTile tile -> scale(codes, from, to, known.get(number), tile.values());
        }
      }
    }

    /** A product in float is that in double, rounded: of a byte and a float it is exact there. */
    private static void scale(byte[] codes, int from, int to, float scale, float[] into) {
      for (int i = from; i < to; i++) {
        into[i] = codes[i] * scale + 0.0f; // which makes 0.0 of -0.0
      }
    }

    private static void scale(byte[] codes, int from, int to, double scale, double[] into) {
      for (int i = from; i < to; i++) {
        into[i] = codes[i] * scale + 0.0;
      }
    }
  }
}
