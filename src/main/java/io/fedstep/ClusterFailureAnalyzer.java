package io.fedstep;

import io.fedstep.kafka.ClusterException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Shows without a stack trace why a process cannot join its cluster. */
final class ClusterFailureAnalyzer extends AbstractFailureAnalyzer<ClusterException> {
  @Override
  protected FailureAnalysis analyze(Throwable root, ClusterException cause) {
    return new FailureAnalysis(
        "The cluster cannot be joined: " + cause.getMessage(),
        "Check fedstep.kafka: all processes of a cluster have the same brokers, prefix, partitions"
            + " and replication. docs/SCALING.md says what the brokers need.",
        cause);
  }
}
