package io.fedstep.vector;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class ExponentsTest {
  private static Exponents of(float... values) {
    int[] bits = new int[values.length];
    for (int i = 0; i < values.length; i++) {
      bits[i] = Float.floatToRawIntBits(values[i]);
    }
    return Exponents.of(bits, 0, bits.length);
  }

  private static void check(Exponents exponents, float value) {
    assertThat(Math.IEEEremainder(value, exponents.lastPlace())).as("%s", value).isZero();
    assertThat(Math.abs((double) value)).isLessThanOrEqualTo(exponents.bound());
  }

  @RepeatedTest(100)
  void values_areMultiplesOfTheLastPlace_andWithinTheBound(RepetitionInfo repetition) {
    var random = new Random(repetition.getCurrentRepetition());
    float[] values = new float[5];
    int middle = random.nextInt(256);
    for (int i = 0; i < values.length; i++) {
      int exponent = Math.clamp(middle + random.nextInt(-3, 4), 0, 254);
      int sign = random.nextInt(2) << 31;
      values[i] = Float.intBitsToFloat(sign | exponent << 23 | random.nextInt(1 << 23));
    }
    double factor = Math.scalb(random.nextDouble(), -random.nextInt(200));
    for (float value : values) {
      check(of(values), value);
      check(of(values).times(factor), (float) (value * factor));
    }
  }

  @Test
  void zeros_doNotCount() {
    assertThat(of(0, -0.0f)).isEqualTo(Exponents.NONE);
    assertThat(of(0, 1, -0.0f, -2)).isEqualTo(new Exponents(127, 128));
    assertThat(of(1).and(Exponents.NONE)).isEqualTo(of(1));
    assertThat(of(1).and(of(-8))).isEqualTo(of(1, 8)).isEqualTo(new Exponents(127, 130));
    check(Exponents.NONE, 0);
  }

  @Test
  void ends_ofTheRange_areWithin() {
    for (float value : new float[] {Float.MIN_VALUE, -Float.MIN_NORMAL, Float.MAX_VALUE}) {
      check(of(value), value);
      check(Exponents.ANY, value);
      check(of(value).times(1 - 0x1p-53), value);
    }
    assertThat(of(Float.MIN_VALUE)).isEqualTo(new Exponents(0, 0));
    assertThat(of(Float.MIN_NORMAL, Float.MAX_VALUE)).isEqualTo(new Exponents(1, 254));
  }
}
