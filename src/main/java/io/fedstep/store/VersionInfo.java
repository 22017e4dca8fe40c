package io.fedstep.store;

import java.time.Instant;
import java.util.Locale;

/**
 * What is known of a version beside its numbers.
 *
 * @param base the tag of its weights: unique to one content of one version of one incarnation
 * @param digest of the flat vector of weights
 */
public record VersionInfo(
    long version, MadeBy madeBy, String base, Instant createdAt, String digest) {
  /** What made a version. */
  public enum MadeBy {
    CREATED,
    WEIGHTS,
    ROUND,
    RESTORE,
    STATE;

    /** The name on the wire. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
