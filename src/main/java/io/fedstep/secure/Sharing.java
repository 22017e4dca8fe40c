package io.fedstep.secure;

import java.util.List;
import java.util.Set;
import java.util.SortedMap;

/**
 * Shamir's sharing of secrets of {@value #BYTES} bytes, each byte by a polynomial of its own over
 * GF(2^8) (A. Shamir, How to Share a Secret, 1979). The share of the index {@code x} is the
 * polynomials' values at {@code x}.
 */
public final class Sharing {
  /** Bytes of a secret, and of a share. */
  public static final int BYTES = 32;

  /** The largest index. */
  public static final int MOST = 255;

  private Sharing() {}

  /**
   * The share of a secret for an index.
   *
   * @param coefficients of x, x^2 …, uniformly random, {@value #BYTES} bytes each: one less than
   *     the shares that open the secret
   * @param index 1 to {@value #MOST}
   */
  public static byte[] share(byte[] secret, List<byte[]> coefficients, int index) {
    byte[] share = new byte[BYTES];
    for (int i = 0; i < BYTES; i++) {
      int value = 0;
      for (byte[] coefficient : coefficients.reversed()) {
        value = Gf256.product(value ^ (coefficient[i] & 0xFF), index);
      }
      share[i] = (byte) (value ^ secret[i]);
    }
    return share;
  }

  /** The secret that shares by index open: as many as it was shared for, of different indices. */
  public static byte[] open(SortedMap<Integer, byte[]> shares) {
    byte[] secret = new byte[BYTES];
    shares.forEach((index, share) -> {
      int factor = factor(index, shares.keySet());
      for (int i = 0; i < BYTES; i++) {
        secret[i] ^= (byte) Gf256.product(factor, share[i] & 0xFF);
      }
    });
    return secret;
  }

  /** Lagrange's factor of an index at 0. */
  private static int factor(int index, Set<Integer> indices) {
    int above = 1;
    int below = 1;
    for (int other : indices) {
      if (other != index) {
        above = Gf256.product(above, other);
        below = Gf256.product(below, other ^ index);
      }
    }
    return Gf256.product(above, Gf256.inverse(below));
  }
}
