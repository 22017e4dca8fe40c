package io.fedstep.coordinator;

import org.jspecify.annotations.Nullable;

/**
 * What a caller takes to be a model's newest version; a change is made only where it is.
 *
 * @param version its number, or null for any
 * @param base its tag, or null for any
 */
public record Expected(@Nullable Long version, @Nullable String base) {
  /** Whatever is the newest. */
  public static final Expected ANY = new Expected(null, null);
}
