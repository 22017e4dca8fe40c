package io.fedstep.kafka;

import java.time.Duration;

/** Who measures what a process does in its cluster. */
public interface ClusterMeters {
  /** Measures nothing. */
  ClusterMeters NONE = new ClusterMeters() {};

  /** What a process has of a cluster's work; from any thread. */
  interface Share {
    /** Partitions of the requests that it leads. */
    int led();

    /** Partitions of the chunks that it computes. */
    int computed();

    /** Messages of the partitions that it leads which it has not taken yet. */
    long requestsLag();

    /** Messages of the partitions that it computes which it has not taken yet. */
    long chunksLag();

    /** Decisions that it has not read yet. */
    long decisionsLag();

    /** Messages of the partitions that it computes which it has taken and Kafka has to keep. */
    long held();
  }

  /** The process has come to the cluster. */
  default void joined(Share share) {}

  /** A partition of the requests is led by the process from now on. */
  default void leads() {}

  /** A partition of the chunks is computed by the process from now on. */
  default void computes() {}

  /** All ranges have exchanged what each needs of the others. */
  default void exchanged(Duration duration) {}
}
