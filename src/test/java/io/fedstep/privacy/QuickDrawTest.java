package io.fedstep.privacy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.process.BesideOthers;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** A draw from words in an array is the plain one, or leaves it from some place on. */
@BesideOthers
class QuickDrawTest {
  private static final int WORDS = 32;
  private static final int BYTES = WORDS * Integer.BYTES;

  /** Words from a buffer, from some byte on, then endless ones. */
  private static final class Buffered implements Words {
    private final ByteBuffer words;
    private final Random more = new Random(7);

    Buffered(byte[] words, int from) {
      this.words = ByteBuffer.wrap(words, from, BYTES - from);
    }

    @Override
    public long next() {
      return Integer.toUnsignedLong(words.hasRemaining() ? words.getInt() : more.nextInt());
    }
  }

  private static void assertPlain(byte[] words, String of) {
    long quick = QuickDraw.draw(words, 0, BYTES);
    long plain = new DiscreteGaussian(1).draw(new Buffered(words, 0));
    int place = QuickDraw.isPlace(quick) ? QuickDraw.place(quick) : 0;
    assertThat(place).as(of).isBetween(0, BYTES - Integer.BYTES);
    long drawn =
        QuickDraw.isPlace(quick) ? new DiscreteGaussian(1).draw(new Buffered(words, place)) : quick;
    assertThat(drawn).as(of).isEqualTo(plain);
  }

  private static byte[] random(Random random) {
    byte[] words = new byte[BYTES + QuickDraw.SLACK];
    random.nextBytes(words);
    return words;
  }

  static Iterable<JsonNode> words() {
    return Goldens.cases("words", "cases").toList();
  }

  @ParameterizedTest
  @MethodSource("words")
  void ties_areAsTheGoldensHaveThem(JsonNode one) {
    byte[] given = HexFormat.of().parseHex(one.required("words").stringValue());
    byte[] words = random(new Random(given.length));
    System.arraycopy(given, 0, words, 0, Math.min(given.length, BYTES));
    assertPlain(words, one.toString());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void randomWords_giveThePlainDraw(long seed) {
    var random = new Random(seed);
    int places = 0;
    for (int i = 0; i < 20_000; i++) {
      byte[] words = random(random);
      assertPlain(words, "seed %s, draw %s".formatted(seed, i));
      places += QuickDraw.isPlace(QuickDraw.draw(words, 0, BYTES)) ? 1 : 0;
    }
    assertThat(places).isBetween(400, 1200); // of 20,000: one in 26, whose words run out
  }

  /** Words at the borders of trials, and long runs of trials that succeed. */
  @Test
  void hostileWords_giveThePlainDraw() {
    var random = new Random(11);
    int[] borders = {0, 1, 0x80, 0x100, 0x1_0000, 1 << 30, 1 << 31, 0x5555_5555, 0x3333_3333, -1};
    for (int i = 0; i < 20_000; i++) {
      byte[] words = random(random);
      var buffer = ByteBuffer.wrap(words);
      for (int at = 0; at < BYTES; at += Integer.BYTES) {
        if (random.nextInt(4) > 0) {
          buffer.putInt(at, borders[random.nextInt(borders.length)] + random.nextInt(3) - 1);
        }
      }
      assertPlain(words, HexFormat.of().formatHex(words));
    }
  }
}
