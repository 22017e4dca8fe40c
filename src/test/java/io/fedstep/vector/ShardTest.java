package io.fedstep.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Where a vector is cut. */
class ShardTest {
  private static final long TILE = Range.TILE;

  static LongStream sizes() {
    return LongStream.of(
        1, TILE - 1, TILE, TILE + 1, 5 * TILE, 37 * TILE, 36 * TILE + 77, 10_000_000_000L);
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void runs_tileTheTiles(long size) {
    int runs = Shard.runs(size);
    assertThat(runs).isEqualTo((int) Math.min(16, Range.tiles(size)));
    assertThat(Shard.firstTile(0, size)).isZero();
    assertThat(Shard.firstTile(runs, size)).isEqualTo((int) Range.tiles(size));
    for (int run = 0; run < runs; run++) {
      assertThat(Shard.firstTile(run + 1, size)).isGreaterThan(Shard.firstTile(run, size));
    }
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void shards_tileTheCoordinates_atRuns(long size) {
    int[] cuts =
        IntStream.rangeClosed(0, Shard.runs(size)).map(run -> Shard.firstTile(run, size)).toArray();
    for (int count = 1; count <= Shard.runs(size); count++) {
      long end = 0;
      int endRun = 0;
      for (int index = 0; index < count; index++) {
        var shard = new Shard(index, count);
        assertThat(shard.firstRun(size)).as("%s of %s", shard, size).isEqualTo(endRun);
        assertThat(shard.endRun(size)).as("%s of %s", shard, size).isGreaterThan(endRun);
        endRun = shard.endRun(size);
        assertThat(shard.firstTile(size)).isEqualTo(cuts[shard.firstRun(size)]);
        assertThat(shard.endTile(size)).isEqualTo(cuts[endRun]);
        assertThat(shard.begin(size)).as("%s of %s", shard, size).isEqualTo(end);
        assertThat(shard.end(size)).as("%s of %s", shard, size).isGreaterThan(end);
        assertThat(shard.begin(size) % TILE).isZero();
        end = shard.end(size);
      }
      assertThat(end).isEqualTo(size);
      assertThat(endRun).isEqualTo(Shard.runs(size));
    }
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void theWhole_isOneShard(long size) {
    assertThat(Shard.WHOLE.begin(size)).isZero();
    assertThat(Shard.WHOLE.end(size)).isEqualTo(size);
  }

  @Test
  void aShardOfNone_isRefused() {
    for (int index : new int[] {-1, 3, 4}) {
      assertThatThrownBy(() -> new Shard(index, 3))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("shard %s of 3", index);
    }
  }
}
