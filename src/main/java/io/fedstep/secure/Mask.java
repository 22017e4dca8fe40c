package io.fedstep.secure;

import java.util.Arrays;

/**
 * A keystream that is added to a stream of words, or subtracted from it.
 *
 * @param seed 32 bytes
 * @param isAdded whether it is added
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Mask(byte[] seed, boolean isAdded) {
  /** The mask that takes this one off again. */
  public Mask opposite() {
    return new Mask(seed, !isAdded);
  }

  /** The mask by which a member hides its own words, whoever else is missing. */
  public static Mask ofSelf(byte[] selfSeed) {
    return new Mask(selfSeed, true);
  }

  /** The mask of member {@code u} with member {@code v}, which has the opposite one. */
  public static Mask ofPair(byte[] seed, int u, int v) {
    return new Mask(seed, v > u);
  }

  /** Forgets the seed. */
  public void wipe() {
    Arrays.fill(seed, (byte) 0);
  }

  @Override
  public String toString() {
    return "a mask"; // in no log
  }
}
