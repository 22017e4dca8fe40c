package io.fedstep.warm;

import io.fedstep.client.Update;
import java.util.SplittableRandom;

/** Updates of one length: normal values, and values so wide apart that sums of them are rounded. */
final class Gradients {
  private static final int WIDE_EVERY = 4;

  private final Update normal;
  private final Update wide;

  Gradients(int length) {
    var random = new SplittableRandom(length);
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    normal = Update.of(values);
    for (int i = 0; i < length; i++) {
      values[i] = Math.scalb(values[i], random.nextInt(-20, 20));
    }
    wide = Update.of(values);
  }

  /** A client's in a round: in every other one of another weight than the others'. */
  Update update(int client, int round) {
    Update update = round % WIDE_EVERY == WIDE_EVERY - 1 ? wide : normal;
    return update.weighing(round % 2 == 0 ? 1 : 1 + client).with("loss", 1.0 / (1 + round));
  }
}
