package io.fedstep.kafka;

import org.jspecify.annotations.Nullable;

/** The brokers do not do what is needed, or cannot be reached. */
public final class ClusterException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ClusterException(String message) {
    this(message, null);
  }

  ClusterException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
