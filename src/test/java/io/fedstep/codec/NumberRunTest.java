package io.fedstep.codec;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fedstep.model.ModelSpec;
import io.fedstep.problem.RefusedException;
import io.fedstep.vector.Dtype;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Numbers read past the parser are those that it would read, and what it refuses is refused. */
class NumberRunTest {
  private static final String[] SPACES = {"", "", " ", "\n", " \r\n\t"};

  /** A stream that gives at most so many bytes at a time. */
  private static InputStream inPieces(String text, int most) {
    return new ByteArrayInputStream(text.getBytes(US_ASCII)) {
      @Override
      public int read(byte[] into, int from, int length) {
        return super.read(into, from, Math.min(length, most));
      }
    };
  }

  private static double[] read(String array, int size, int most) {
    ModelSpec spec = Specs.sized(Dtype.FLOAT64, size);
    var into = new Buffer(spec.vectorBytes());
    var intake = new VectorIntake(spec.layout(), spec.dtype(), into);
    JsonBody.readUpdate(
        inPieces("{\"gradient\": " + array + ", \"weight\": 3}", most),
        intake,
        new UpdateMetadataBuilder());
    intake.finish();
    double[] values = new double[size];
    ByteBuffer.wrap(into.bytes()).order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().get(values);
    return values;
  }

  private static String number(Random random) {
    double any = Double.longBitsToDouble(random.nextLong() & ~(1L << 62));
    double ordinary = random.nextGaussian();
    return switch (random.nextInt(12)) {
      case 0 -> Double.isFinite(any) ? "" + any : "1";
      case 1 -> "" + (float) ordinary;
      case 2 -> "" + ordinary;
      case 3 -> "" + random.nextInt();
      case 4 -> "" + random.nextLong();
      case 5 -> new BigInteger(130, random).toString();
      case 6 -> random.nextInt(100) + "e" + (random.nextInt(600) - 320);
      case 7 -> "0." + "0".repeat(random.nextInt(30)) + new BigInteger(70, random) + "E+1";
      case 8 -> halfway(random);
      case 9 -> "-0" + (random.nextBoolean() ? ".0" : random.nextBoolean() ? "e5" : "");
      case 10 -> "4.9e-324";
      default -> random.nextInt(10) + "." + random.nextInt(1000);
    };
  }

  /** Between two neighbours, or next to there. */
  private static String halfway(Random random) {
    double low = Math.scalb(1 + random.nextDouble(), random.nextInt(120) - 60);
    var middle = new BigDecimal(low).add(new BigDecimal(Math.nextUp(low))).divide(BigDecimal.TWO);
    String text = middle.toPlainString();
    return (text.contains(".") ? text : text + ".0") + (random.nextBoolean() ? "" : "1");
  }

  private static double expected(String number) {
    boolean integer = number.chars().noneMatch(c -> c == '.' || c == 'e' || c == 'E');
    return Double.parseDouble(number) + (integer ? 0.0 : -0.0); // the integer -0 is 0
  }

  @Test
  void numbers_areTheNearestDoubles() {
    var random = new Random(1);
    for (int most : new int[] {1, 2, 3, 7, 63, 64, 65, 1000, 1 << 20}) {
      String[] numbers =
          Stream.generate(() -> number(random))
              .filter(number -> Double.isFinite(Double.parseDouble(number)))
              .limit(most < 10 ? 2000 : 20_000)
              .toArray(String[]::new);
      String array =
          Stream.of(numbers)
              .map(number -> space(random) + number + space(random))
              .collect(Collectors.joining(",", "[", "]"));
      double[] values = read(array, numbers.length, most);
      for (int i = 0; i < values.length; i++) {
        assertThat(Double.doubleToRawLongBits(values[i]))
            .as("%s, %s bytes at a time", numbers[i], most)
            .isEqualTo(Double.doubleToRawLongBits(expected(numbers[i])));
      }
    }
  }

  private static String space(Random random) {
    return SPACES[random.nextInt(SPACES.length)];
  }

  @Test
  void decimals_thatAreProven_areTheNearest() {
    var random = new Random(2);
    int proven = 0;
    for (int i = 0; i < 200_000; i++) {
      long digits = random.nextLong() >>> random.nextInt(64);
      int exponent = random.nextInt(700) - 350;
      double value = Decimal.nearest(digits, exponent);
      if (!Double.isNaN(value)) {
        proven++;
        String text = Long.toUnsignedString(digits) + "e" + exponent;
        assertThat(value).as(text).isEqualTo(Double.parseDouble(text));
      }
    }
    assertThat(proven).isGreaterThan(150_000);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[1 2]",
        "[1,2,]",
        "[,1,2]",
        "[1,,2]",
        "[01,2]",
        "[+1,2]",
        "[.5,2]",
        "[1.,2]",
        "[1e,2]",
        "[1e+,2]",
        "[--1,2]",
        "[-,2]",
        "[1,2",
        "[1",
        "[",
        "[1,2}",
        "[1,\"2\"]",
        "[1,[2]]",
        "[1,null]",
        "[1,2x]",
        "[0x1,2]",
        "[1,2]]",
        "[-01,2]",
        "[1_0,2]",
        "[1,2\u0000]",
        "[1 .5,2]"
      })
  void whatIsNoArrayOfNumbers_isRefused_whereverItIsCut(String array) {
    for (int most = 1; most < 30; most++) {
      int pieces = most;
      assertThatThrownBy(() -> read(array, 2, pieces))
          .as("%s bytes at a time", most)
          .isInstanceOf(RefusedException.class);
    }
  }

  @Test
  void place_isThatInTheBody() {
    String body = "[" + "0.25,".repeat(50_000) + "x]";
    assertThatThrownBy(() -> read(body, 50_001, 4096))
        .hasMessageContaining("at byte " + ("{\"gradient\": ".length() + body.length() - 2));
  }
}
