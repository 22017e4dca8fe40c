package io.fedstep.round;

import org.jspecify.annotations.Nullable;

/**
 * How an update's numbers came over the wire.
 *
 * @param encoding such as {@code eden-4}, or null where every tensor came as it is
 * @param leftOut how many tensors were left out, as zeros
 * @param bytes of the body, compressed as it was, or null where that is not known
 */
public record Transfer(@Nullable String encoding, int leftOut, @Nullable Long bytes) {
  /** Of an update from before this was noted, or of one that is hidden. */
  public static final Transfer UNKNOWN = new Transfer(null, 0, null);

  /** The same in a body of so many bytes. */
  public Transfer of(long count) {
    return new Transfer(encoding, leftOut, count);
  }
}
