package io.fedstep.client;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** What a client does in a round of a model with {@code scaffold-server}. */
@FunctionalInterface
public interface CorrectedStep {
  /**
   * The update that the client computes from these weights; null to sit the round out. Where plain
   * training goes along a gradient, it goes along the gradient plus the correction. The update says
   * its {@link Update#localRate}.
   */
  @Nullable Update run(Weights weights, Correction correction)
      throws IOException, InterruptedException;
}
