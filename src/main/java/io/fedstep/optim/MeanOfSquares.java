package io.fedstep.optim;

/** How the mean {@code v} of the gradient's squares advances: what Adam and Yogi differ in. */
public enum MeanOfSquares {
  /** {@code v = beta_2 * v + (1 - beta_2) * g * g} (D. Kingma, J. Ba, 2014). */
  ADAM("adam") {
    @Override
    void advance(float[] gradient, float[] mean, int length, double beta2, boolean first) {
      float beta = (float) beta2;
      float rest = (float) (1 - beta2);
      for (int i = 0; i < length; i++) {
        mean[i] = beta * mean[i] + rest * (gradient[i] * gradient[i]);
      }
    }

    @Override
    void advance(double[] gradient, double[] mean, int length, double beta2, boolean first) {
      double rest = 1 - beta2;
      for (int i = 0; i < length; i++) {
        mean[i] = beta2 * mean[i] + rest * (gradient[i] * gradient[i]);
      }
    }
  },

  /** {@code v = v - sign(v - g * g) * (1 - beta_2) * g * g} (M. Zaheer et al., 2018). */
  YOGI("yogi") {
    @Override
    void advance(float[] gradient, float[] mean, int length, double beta2, boolean first) {
      float rest = (float) (1 - beta2);
      for (int i = 0; i < length; i++) {
        float square = gradient[i] * gradient[i];
        mean[i] =
            first ? YogiMomentum.first(square, rest) : YogiMomentum.next(mean[i], square, rest);
      }
    }

    @Override
    void advance(double[] gradient, double[] mean, int length, double beta2, boolean first) {
      double rest = 1 - beta2;
      for (int i = 0; i < length; i++) {
        double square = gradient[i] * gradient[i];
        mean[i] =
            first ? YogiMomentum.first(square, rest) : YogiMomentum.next(mean[i], square, rest);
      }
    }
  };

  private final String module;

  MeanOfSquares(String module) {
    this.module = module;
  }

  /** The name of the module that takes its mean so. */
  String module() {
    return module;
  }

  /** Advances the mean, in and out, by a gradient; {@code first} where it is of nothing yet. */
  abstract void advance(float[] gradient, float[] mean, int length, double beta2, boolean first);

  /** The same in double. */
  abstract void advance(double[] gradient, double[] mean, int length, double beta2, boolean first);
}
