package io.fedstep.round;

import java.util.HexFormat;

/**
 * The secret from which the noise of one close follows. It is in the decision to close alone, and
 * gone with the round's journal.
 *
 * @param hex 64 hex digits
 */
public record NoiseKey(String hex) {
  private static final int DIGITS = 64;

  /** Broken by a corrupt journal alone. */
  public NoiseKey {
    if (hex.length() != DIGITS) {
      throw new IllegalArgumentException(
          "a noise key of %s hex digits, not %s".formatted(hex.length(), DIGITS));
    }
  }

  /** The key of those bytes. */
  public static NoiseKey of(byte[] bytes) {
    return new NoiseKey(HexFormat.of().formatHex(bytes));
  }

  /** Its bytes. */
  public byte[] bytes() {
    return HexFormat.of().parseHex(hex);
  }

  @Override
  public String toString() {
    return "a noise key"; // in no log
  }
}
