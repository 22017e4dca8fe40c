package io.fedstep.kafka;

import java.time.Duration;
import java.util.function.Supplier;

/** Who measures what a process does in its cluster. */
public interface ClusterMeters {
  /** Measures nothing. */
  ClusterMeters NONE = new ClusterMeters() {};

  /**
   * What a process has of a cluster's work.
   *
   * @param led partitions of the requests that it leads
   * @param computed partitions of the chunks that it computes
   * @param requestsLag messages of the partitions that it leads which it has not taken yet
   * @param chunksLag messages of the partitions that it computes which it has not taken yet
   * @param decisionsLag decisions that it has not read yet
   * @param held messages of the partitions that it computes which it has taken and Kafka has to
   *     keep
   */
  record Share(
      int led, int computed, long requestsLag, long chunksLag, long decisionsLag, long held) {}

  /** The process has come to the cluster; {@code share} gives what it has now, to any thread. */
  default void joined(Supplier<Share> share) {}

  /** A partition of the requests is led by the process from now on. */
  default void leads() {}

  /** A partition of the chunks is computed by the process from now on. */
  default void computes() {}

  /** All ranges have exchanged what each needs of the others. */
  default void exchanged(Duration duration) {}
}
