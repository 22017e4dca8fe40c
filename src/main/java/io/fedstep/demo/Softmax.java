package io.fedstep.demo;

import java.util.List;

/**
 * Softmax regression. Its flat weights are {@code coef}, [digits, pixels] in C order, and then
 * {@code intercept}, [digits].
 */
final class Softmax {
  static final int WEIGHTS = Digit.VALUES * (Digit.PIXELS + 1);

  private static final int INTERCEPT = Digit.VALUES * Digit.PIXELS;

  private Softmax() {}

  /**
   * Mean cross-entropy over the examples, and its gradient.
   *
   * @param loss in nats
   * @param accuracy the share of the examples whose digit gets the highest score
   * @param gradient as long as the weights
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, compared by nobody
  record Result(double loss, double accuracy, float[] gradient) {}

  /** Loss and gradient at the given weights: {@code d loss / d score = probability - target}. */
  static Result gradient(float[] weights, List<Digit> examples) {
    double loss = 0;
    int right = 0;
    double[] sum = new double[WEIGHTS];
    for (Digit image : examples) {
      double[] errors = probabilities(weights, image.pixels());
      loss -= Math.log(errors[image.value()]);
      right += highest(errors) == image.value() ? 1 : 0;
      errors[image.value()] -= 1;
      addOuter(sum, errors, image.pixels());
    }
    float[] mean = new float[WEIGHTS];
    for (int i = 0; i < WEIGHTS; i++) {
      mean[i] = (float) (sum[i] / examples.size());
    }
    return new Result(loss / examples.size(), (double) right / examples.size(), mean);
  }

  /** The share of examples whose digit gets the highest score. */
  static double accuracy(float[] weights, List<Digit> examples) {
    long right =
        examples.stream()
            .filter(image -> highest(scores(weights, image.pixels())) == image.value())
            .count();
    return (double) right / examples.size();
  }

  private static void addOuter(double[] sum, double[] errors, float[] pixels) {
    for (int digit = 0; digit < errors.length; digit++) {
      int row = digit * Digit.PIXELS;
      for (int p = 0; p < pixels.length; p++) {
        sum[row + p] += errors[digit] * pixels[p];
      }
      sum[INTERCEPT + digit] += errors[digit];
    }
  }

  private static double[] probabilities(float[] weights, float[] pixels) {
    double[] values = scores(weights, pixels);
    double highest = values[highest(values)]; // keeps exp from overflowing
    double total = 0;
    for (int digit = 0; digit < values.length; digit++) {
      values[digit] = Math.exp(values[digit] - highest);
      total += values[digit];
    }
    for (int digit = 0; digit < values.length; digit++) {
      values[digit] /= total;
    }
    return values;
  }

  private static double[] scores(float[] weights, float[] pixels) {
    double[] scores = new double[Digit.VALUES];
    for (int digit = 0; digit < scores.length; digit++) {
      int row = digit * Digit.PIXELS;
      double score = weights[INTERCEPT + digit];
      for (int p = 0; p < pixels.length; p++) {
        score += weights[row + p] * (double) pixels[p];
      }
      scores[digit] = score;
    }
    return scores;
  }

  private static int highest(double[] scores) {
    int best = 0;
    for (int digit = 1; digit < scores.length; digit++) {
      if (scores[digit] > scores[best]) {
        best = digit;
      }
    }
    return best;
  }
}
