package io.fedstep.secure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Masks that are added to sums several at a time are those that are added one by one. */
class WordsTest {
  private static final int SEED = 7;
  private static final long OFFSET = 48;

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 4, 17, 1000})
  void masksOfIntsTogether_areThoseOneByOne(int count) {
    var random = new SplittableRandom(SEED);
    var masks = new ArrayList<Mask>();
    for (int size = 0; size < 20; size++) {
      int[] sums = random.ints(count).toArray();
      long[] expected = IntStream.of(sums).asLongStream().toArray();
      for (Mask mask : masks) {
        new Words().add(mask, OFFSET, Integer.SIZE, expected, count);
      }
      new Words().add(masks, OFFSET, sums, count);
      Words.extend(Integer.SIZE, expected, count);
      assertThat(IntStream.of(sums).asLongStream().toArray())
          .as("%s masks", size)
          .isEqualTo(expected);
      byte[] seed = new byte[Sharing.BYTES];
      random.nextBytes(seed);
      masks.add(new Mask(seed, random.nextBoolean()));
    }
  }
}
