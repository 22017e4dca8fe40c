package io.fedstep.round;

import io.fedstep.model.ServerStep;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The gradient of a closed round from its rows of words and its documents. */
public interface WordSums {
  /**
   * Looks at what rows have behind the model's coordinates, before any gradient is asked for.
   *
   * @param rests of each update, in client-id order, little-endian
   */
  void begin(List<ByteBuffer> rests);

  /** The gradients of one range after another, for one thread. */
  ServerStep.Gradients gradients();

  /**
   * What the sums tell of the round, once the gradients of all ranges are there; null where they
   * cannot be those of honest clients, and the round is abandoned.
   */
  @Nullable Masked told();

  /** Forgets the secrets from which the gradients followed. */
  void wipe();
}
