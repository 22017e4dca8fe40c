package io.fedstep.secure;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.privacy.Noise;
import io.fedstep.process.BesideOthers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The noise of sums that were masked and opened: the shares of those who are in, and at least that
 * of the multiplier once what colluding members know is taken away.
 */
@BesideOthers
class MemberNoiseTest {
  private static final int SUMS = 400;
  private static final int MANY_SUMS = 10_000;
  private static final int SIZE = 8;
  private static final double Z = 1.5;
  private static final RoundFacts FACTS =
      new RoundFacts(
          "m", 0, "b-0", SIZE, new byte[32], 64, 0, 1.0, 1, List.of(), 3, new MemberNoise(Z, 0));

  @ParameterizedTest
  @CsvSource({"5, 3, 0", "6, 4, 1", "10, 7, 3"})
  void variance_isThatOfTheSharesThatAreIn(int members, int threshold, int collusion) {
    check(members, threshold, collusion, SUMS);
  }

  @Tag("slow")
  @ParameterizedTest
  @CsvSource({"5, 3, 0", "6, 4, 1", "10, 7, 3"})
  void varianceOfManySums_isThatOfTheSharesThatAreIn(int members, int threshold, int collusion) {
    check(members, threshold, collusion, MANY_SUMS);
  }

  /** Within five standard errors of a variance: a seeded test that a wrong share of noise fails. */
  private static void check(int members, int threshold, int collusion, int sums) {
    double leeway = 5 * Math.sqrt(2.0 / (sums * SIZE));
    for (int online : new int[] {threshold, members}) {
      var random = new SplittableRandom(20260101L + 31L * members + online);
      double ofAll = 0;
      double ofOthers = 0;
      for (int i = 0; i < sums; i++) {
        var round = new OneRound(members, threshold - collusion, random);
        long[] sum = round.opened(online);
        ofAll += squares(sum, round.exact(online), new long[SIZE]);
        ofOthers += squares(sum, round.exact(online), round.noise(collusion));
      }
      double parts = threshold - collusion;
      assertThat(ofAll / (sums * SIZE) * parts / online).isBetween(1 - leeway, 1 + leeway);
      double left = ofOthers / (sums * SIZE);
      assertThat(left).isGreaterThan(1 - leeway); // so the multiplier is z at least
      assertThat(left * parts / (online - collusion)).isBetween(1 - leeway, 1 + leeway);
    }
  }

  /** The sum of squares of what a sum has beside two others, in units of the whole noise. */
  private static double squares(long[] sum, long[] exact, long[] known) {
    double squares = 0;
    for (int i = 0; i < SIZE; i++) {
      double noise = (sum[i] - exact[i] - known[i]) / Noise.SCALE;
      squares += noise * noise;
    }
    return squares;
  }

  /** Members with updates, noise and masks of their own. */
  private static final class OneRound {
    private final SplittableRandom random;
    private final List<long[]> numbers = new ArrayList<>();
    private final List<long[]> noises = new ArrayList<>();
    private final byte[][] selfSeeds;
    private final byte[][][] pairSeeds;

    OneRound(int members, int parts, SplittableRandom random) {
      this.random = random;
      selfSeeds = new byte[members][];
      pairSeeds = new byte[members][members][];
      for (int u = 0; u < members; u++) {
        double[] values = random.doubles(SIZE, -0.5, 0.5).toArray();
        numbers.add(TestMember.onGrid(FACTS, values));
        long[] noise = new long[SIZE];
        new Noise(seed(), parts).add(0, SIZE, noise);
        noises.add(noise);
        selfSeeds[u] = seed();
        for (int v = 0; v < u; v++) {
          pairSeeds[u][v] = pairSeeds[v][u] = seed();
        }
      }
    }

    private byte[] seed() {
      byte[] seed = new byte[32];
      random.nextBytes(seed);
      return seed;
    }

    /** What the masked updates of the first so many add up to, once the masks are off. */
    long[] opened(int online) {
      long[] sums = new long[SIZE];
      var words = new Words();
      for (int u = 0; u < online; u++) {
        ByteBuffer masked = ByteBuffer.wrap(masked(u)).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < SIZE; i++) {
          sums[i] += masked.getLong();
        }
        words.add(Mask.ofSelf(selfSeeds[u]).opposite(), 0, Long.SIZE, sums, SIZE);
        for (int v = online; v < selfSeeds.length; v++) {
          Mask withMissing = Mask.ofPair(pairSeeds[u][v], u + 1, v + 1);
          words.add(withMissing.opposite(), 0, Long.SIZE, sums, SIZE);
        }
      }
      return sums;
    }

    private byte[] masked(int u) {
      ByteBuffer stream =
          ByteBuffer.allocate((int) FACTS.form().bytes()).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < SIZE; i++) {
        stream.putLong(numbers.get(u)[i] + noises.get(u)[i]);
      }
      stream.putLong((int) FACTS.form().tail(), 1);
      var masks = new ArrayList<Mask>();
      masks.add(Mask.ofSelf(selfSeeds[u]));
      for (int v = 0; v < selfSeeds.length; v++) {
        if (v != u) {
          masks.add(Mask.ofPair(pairSeeds[u][v], u + 1, v + 1));
        }
      }
      new Words().mask(FACTS.form(), masks, 0, stream.array(), stream.capacity());
      return stream.array();
    }

    /** What the updates of the first so many add up to. */
    long[] exact(int online) {
      return sum(numbers.subList(0, online));
    }

    /** The noise of the first so many. */
    long[] noise(int online) {
      return sum(noises.subList(0, online));
    }

    private static long[] sum(List<long[]> vectors) {
      long[] sum = new long[SIZE];
      vectors.forEach(one -> Arrays.setAll(sum, i -> sum[i] + one[i]));
      return sum;
    }
  }
}
