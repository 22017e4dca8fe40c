package io.fedstep.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.vector.Exponents;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RowExponentsTest {
  private static final int BLOCK = 4096;
  private static final int SIZE = 3 * BLOCK + 5;

  private final int[] bits = new Random(7).ints(SIZE, 0, 255 << 23).toArray();

  private RowExponents noted(int piece) {
    var exponents = new RowExponents(SIZE);
    var bytes = ByteBuffer.allocateDirect(4 * SIZE).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asIntBuffer().put(bits);
    int[] buffer = exponents.buffer();
    for (int from = 0; from < SIZE; from += piece) {
      int to = Math.min(SIZE, from + piece);
      ByteBuffer part = bytes.slice(4 * from, 4 * (to - from));
      exponents.note(4L * from, part, buffer);
      assertThat(part.position()).isZero();
    }
    return exponents;
  }

  @Test
  void blocks_areNoted_whateverThePieces() {
    for (int piece : new int[] {1, 1000, BLOCK, BLOCK + 1, SIZE}) {
      RowExponents exponents = noted(piece);
      for (int from = 0; from < SIZE; from += BLOCK) {
        int count = Math.min(BLOCK, SIZE - from);
        assertThat(exponents.of(from, count)).isEqualTo(Exponents.of(bits, from, count));
        assertThat(exponents.of(from + count - 1, 1)).isEqualTo(exponents.of(from, count));
      }
    }
  }

  @Test
  void ranges_haveThoseOfAllTheirBlocks() {
    RowExponents exponents = noted(SIZE);
    assertThat(exponents.of(0, SIZE)).isEqualTo(Exponents.of(bits, 0, SIZE));
    assertThat(exponents.of(BLOCK - 1, 2)).isEqualTo(Exponents.of(bits, 0, 2 * BLOCK));
    assertThat(new RowExponents(10).of(0, 10)).isEqualTo(Exponents.NONE);
  }

  @Test
  void smallRow_needsSmallBuffer() {
    assertThat(new RowExponents(10).buffer()).hasSize(10);
    assertThat(new RowExponents(SIZE).buffer()).hasSize(BLOCK);
  }
}
