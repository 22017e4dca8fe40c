package io.fedstep.privacy;

import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * What a version of a private model carries along.
 *
 * @param ledger what was paid for up to it
 * @param clip to which norm the round cuts that trains from it, or null for the spec's
 */
public record Standing(Ledger ledger, @Nullable Double clip) {
  /** This one and one more round, with updates of these clients. */
  public Standing after(Collection<String> paying) {
    return new Standing(ledger.after(paying), clip);
  }

  /** The same ledger with another clip norm. */
  public Standing cutting(@Nullable Double other) {
    return new Standing(ledger, other);
  }
}
