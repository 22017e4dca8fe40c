package io.fedstep.kafka;

import java.time.Duration;
import java.util.function.IntSupplier;

/** Who measures what a process does in its cluster. */
public interface ClusterMeters {
  /** Measures nothing. */
  ClusterMeters NONE = new ClusterMeters() {};

  /** The process has come to the cluster. */
  default void joined(IntSupplier partitionsLed, IntSupplier partitionsComputed) {}

  /** All ranges have exchanged what each needs of the others. */
  default void exchanged(Duration duration) {}
}
