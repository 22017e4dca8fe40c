package io.fedstep.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Checksums whose pieces were joined by several. */
class JoinedCrc32cTest {
  private static final int PIECE = 40;

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  private static void add(JoinedCrc32c to, byte[] bytes, int from, int end) {
    to.add(from, end - from, Crc32c.of(ByteBuffer.wrap(bytes, from, end - from)));
  }

  /** The numbers of the pieces of some bytes, shuffled. */
  private static List<Integer> pieces(byte[] bytes, Random random) {
    var pieces = new ArrayList<Integer>();
    for (int from = 0; from < bytes.length; from += PIECE) {
      pieces.add(from);
    }
    Collections.shuffle(pieces, random);
    return pieces;
  }

  @Test
  void pieces_areInOrder_andAsFewAsTheGapsMake() {
    byte[] bytes = bytes(30 * PIECE);
    var joined = new JoinedCrc32c();
    for (int from : pieces(bytes, new Random(1))) {
      if (from != 7 * PIECE && from != 20 * PIECE) {
        add(joined, bytes, from, from + PIECE);
      }
    }
    var wanted = new JoinedCrc32c();
    add(wanted, bytes, 0, 7 * PIECE);
    add(wanted, bytes, 8 * PIECE, 20 * PIECE);
    add(wanted, bytes, 21 * PIECE, 30 * PIECE);
    assertThat(joined.pieces()).hasSize(3).isEqualTo(wanted.pieces());
    assertThat(joined.pieces()).as("asked again").isEqualTo(wanted.pieces());
    assertThat(joined.of(bytes.length)).isNull();
    add(joined, bytes, 20 * PIECE, 21 * PIECE);
    add(joined, bytes, 7 * PIECE, 8 * PIECE);
    assertThat(joined.of(bytes.length)).isEqualTo(Crc32c.of(bytes));
    assertThat(joined.pieces())
        .containsExactly(new JoinedCrc32c.Piece(0, bytes.length, Crc32c.of(bytes)));
  }

  @Test
  void ofNothing_thereAreNoPieces() {
    assertThat(new JoinedCrc32c().pieces()).isEmpty();
    var joined = new JoinedCrc32c();
    joined.addAll(List.of());
    assertThat(joined.of(0)).isZero();
  }

  /** As a file's shards are: each has some, none begins or ends where a piece of another does. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 16})
  void piecesOfOthers_joinToTheWhole_inAnyOrder(int others) {
    byte[] bytes = bytes(64 * PIECE + 13);
    var random = new Random(others);
    var shares = new ArrayList<JoinedCrc32c>();
    for (int i = 0; i < others; i++) {
      shares.add(new JoinedCrc32c());
    }
    for (int from : pieces(bytes, random)) {
      add(shares.get(random.nextInt(others)), bytes, from, Math.min(bytes.length, from + PIECE));
    }
    Collections.shuffle(shares, random);
    var joined = new JoinedCrc32c();
    for (JoinedCrc32c share : shares) {
      assertThat(joined.of(bytes.length)).isNull();
      joined.addAll(share.pieces());
    }
    assertThat(joined.of(bytes.length)).isEqualTo(Crc32c.of(bytes));
  }

  @Test
  void piecesThatTwoHave_areNoWhole() {
    byte[] bytes = bytes(4 * PIECE);
    var joined = new JoinedCrc32c();
    add(joined, bytes, 0, 2 * PIECE);
    var other = new JoinedCrc32c();
    add(other, bytes, PIECE, 4 * PIECE);
    joined.addAll(other.pieces());
    assertThat(joined.of(bytes.length)).isNull();
    assertThat(joined.pieces()).hasSize(2);
    joined.addAll(other.pieces());
    assertThat(joined.pieces()).hasSize(3);
  }
}
