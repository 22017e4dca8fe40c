package io.fedstep.thin;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HadamardTest {
  @ParameterizedTest
  @ValueSource(ints = {8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768})
  void transform_hasTheSumsOfThePlainLoop(int length) {
    double[] values = new Random(length).doubles(length).toArray();
    double[] expected = values.clone();
    for (int h = 1; h < length; h *= 2) {
      for (int block = 0; block < length; block += 2 * h) {
        for (int i = block; i < block + h; i++) {
          double a = expected[i];
          double b = expected[i + h];
          expected[i] = a + b;
          expected[i + h] = a - b;
        }
      }
    }
    Hadamard.transform(values, length);
    assertThat(values).containsExactly(expected);
  }
}
