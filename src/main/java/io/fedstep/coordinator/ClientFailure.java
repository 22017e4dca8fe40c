package io.fedstep.coordinator;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A client's word that it will send no update.
 *
 * @param round the version that the client trained from
 * @param error the kind of error, such as an exception's type
 * @param detail a sentence about it, or null
 */
public record ClientFailure(
    long round, String client, String error, @Nullable String detail, Instant at) {
  /** The same, told at another time. */
  public ClientFailure at(Instant other) {
    return new ClientFailure(round, client, error, detail, other);
  }
}
