package io.fedstep.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SoftmaxTest {
  private final List<Digit> examples = DigitsData.read().subList(0, 30);

  @Test
  void gradient_equalsFiniteDifferences() {
    var random = new Random(7);
    float[] weights = new float[Softmax.WEIGHTS];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (float) random.nextGaussian(0, 0.5);
    }
    float[] gradient = Softmax.gradient(weights, examples).gradient();
    assertThat(gradient).hasSize(650);
    for (int i = 0; i < weights.length; i++) {
      float middle = weights[i];
      weights[i] = middle + 0x1p-8f;
      float above = weights[i];
      double up = Softmax.gradient(weights, examples).loss();
      weights[i] = middle - 0x1p-8f;
      double down = Softmax.gradient(weights, examples).loss();
      double slope = (up - down) / ((double) above - weights[i]);
      weights[i] = middle;
      assertThat((double) gradient[i]).as("coordinate %s", i).isCloseTo(slope, within(1e-5));
    }
  }

  @Test
  void lossOfZeros_isThatOfATenSidedDie() {
    var result = Softmax.gradient(new float[Softmax.WEIGHTS], examples);
    assertThat(result.loss()).isCloseTo(Math.log(10), within(1e-12));
  }

  @Test
  void largeScores_doNotOverflow() {
    float[] weights = new float[Softmax.WEIGHTS];
    weights[Softmax.WEIGHTS - 1] = 1000; // the intercept of the nine
    var nine = examples.stream().filter(digit -> digit.value() == 9).toList();
    var result = Softmax.gradient(weights, nine);
    assertThat(result.loss()).isZero();
    assertThat(result.gradient()).containsOnly(0f);
    assertThat(Softmax.accuracy(weights, nine)).isEqualTo(1);
  }
}
