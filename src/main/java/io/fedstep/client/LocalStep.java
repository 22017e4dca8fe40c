package io.fedstep.client;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** What a client does in a round: from the weights to its update. */
@FunctionalInterface
public interface LocalStep {
  /** The update that the client computes from these weights; null to sit the round out. */
  @Nullable Update run(Weights weights) throws IOException, InterruptedException;
}
