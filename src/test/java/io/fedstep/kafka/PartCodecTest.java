package io.fedstep.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.close.ShardResult;
import io.fedstep.codec.JoinedCrc32c;
import io.fedstep.codec.Json;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a range found out, through a document. */
class PartCodecTest {
  private static ShardResult copy(ShardResult part) {
    return PartCodec.read(Json.read(Json.write(PartCodec.write(part))));
  }

  private static long[] bits(double[] values) {
    long[] bits = new long[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Double.doubleToRawLongBits(values[i]);
    }
    return bits;
  }

  @Test
  void aPart_comesBackToTheBit() {
    double[] gradient = {
      0, -0.0, 0.1, Double.MIN_VALUE, Double.MAX_VALUE, Math.nextUp(1), Double.longBitsToDouble(1)
    };
    double[] step = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 1.0 / 3};
    var pieces =
        Map.of(
            "weights.safetensors",
            List.of(
                new JoinedCrc32c.Piece(0, 65536, 0x7fffffff),
                new JoinedCrc32c.Piece(80_000_000_000L, 40_000_000_000L, 0x80000000)),
            "state.json",
            List.of(new JoinedCrc32c.Piece(17, 1, -1)),
            "gradient.safetensors",
            List.<JoinedCrc32c.Piece>of());
    for (boolean finite : new boolean[] {true, false}) {
      ShardResult copy = copy(new ShardResult(finite, gradient, step, pieces, pieces));
      assertThat(copy.finite()).isEqualTo(finite);
      assertThat(bits(copy.gradientSquares())).isEqualTo(bits(gradient));
      assertThat(bits(copy.stepSquares())).isEqualTo(bits(step));
      assertThat(copy.written()).isEqualTo(pieces);
      assertThat(copy.read()).isEqualTo(pieces);
    }
  }

  @Test
  void aPartOfNothing_comesBack() {
    ShardResult copy =
        copy(new ShardResult(true, new double[0], new double[0], Map.of(), Map.of()));
    assertThat(copy.gradientSquares()).isEmpty();
    assertThat(copy.stepSquares()).isEmpty();
    assertThat(copy.written()).isEmpty();
  }
}
