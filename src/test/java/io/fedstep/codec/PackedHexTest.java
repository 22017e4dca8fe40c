package io.fedstep.codec;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.model.ModelSpec;
import io.fedstep.vector.Dtype;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Hex in JSON, which is longer than anything that the parser or the heap would hold. */
class PackedHexTest {
  private static final byte[] HEAD =
      "{\"gradient\": {\"__type__\": \"NumpyVector\", \"dump\": {\"t0\": {\"__type__\": \"np.ndarray\", \"dump\": [\""
          .getBytes(US_ASCII);

  private static byte[] tail(long size) {
    return "\", \"f\", [%s]]}}}, \"weight\": 2}".formatted(size).getBytes(US_ASCII);
  }

  /** A piece of hex again and again. */
  private static final class Repeated extends InputStream {
    private final byte[] piece;
    private long rest;
    private int at;

    Repeated(byte[] piece, long times) {
      this.piece = piece;
      rest = times * piece.length;
    }

    @Override
    public int read() {
      throw new UnsupportedOperationException();
    }

    @Override
    public int read(byte[] into, int from, int length) {
      if (rest == 0) {
        return -1;
      }
      int count = (int) Math.min(rest, Math.min(length, piece.length - at));
      System.arraycopy(piece, at, into, from, count);
      at = (at + count) % piece.length;
      rest -= count;
      return count;
    }
  }

  /** 60 million characters: three times what the parser takes as one string, in no memory. */
  @ParameterizedTest
  @ValueSource(ints = {750, 15_000})
  void hexOfAnyLength_isReadAsItComes(int pieces) {
    int floats = 500;
    byte[] piece = new byte[4 * floats];
    var random = new Random(1);
    for (int i = 0; i < piece.length; i++) {
      piece[i] = (byte) (i % 4 == 3 ? 0x3f : random.nextInt(256)); // finite
    }
    byte[] hex = HexFormat.of().formatHex(piece).getBytes(US_ASCII);
    long size = (long) floats * pieces;
    ModelSpec spec = Specs.sized(Dtype.FLOAT32, size);
    long[] next = {0};
    var intake =
        new VectorIntake(
            spec.layout(),
            spec.dtype(),
            (offset, bytes) -> {
              assertThat(offset).isEqualTo(next[0]);
              next[0] += bytes.remaining();
            });
    InputStream body =
        new SequenceInputStream(
            Collections.enumeration(
                List.of(
                    new ByteArrayInputStream(HEAD),
                    new Repeated(hex, pieces),
                    new ByteArrayInputStream(tail(size)))));
    var parts = new UpdateMetadataBuilder();
    JsonBody.readUpdate(body, intake, parts);
    var crc = new CRC32C();
    for (int i = 0; i < pieces; i++) {
      crc.update(piece);
    }
    assertThat(intake.finish().digest()).isEqualTo(Crc32c.digest((int) crc.getValue()));
    assertThat(next[0]).isEqualTo(4 * size);
    assertThat(parts.build().weight()).isEqualTo(2);
  }

  @Test
  void hexAcrossTheParsersBuffers_keepsEachBit() {
    var random = new Random(2);
    for (int size : new int[] {1, 2, 999, 1000, 1001, 4000, 16_384, 16_385, 40_000}) {
      ModelSpec spec = Specs.sized(Dtype.FLOAT64, size);
      byte[] vector = new byte[8 * size];
      random.nextBytes(vector);
      for (int i = 7; i < vector.length; i += 8) {
        vector[i] = 0x40;
      }
      String body =
          new String(HEAD, US_ASCII)
              + HexFormat.of().formatHex(vector)
              + new String(tail(size), US_ASCII).replace("\"f\"", "\"d\"");
      assertThat(JsonBodyTest.read(spec, " ".repeat(random.nextInt(9)) + body)).isEqualTo(vector);
    }
  }
}
