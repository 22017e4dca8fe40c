package io.fedstep.round;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The choice of the clients that are invited to a round: a share of all, drawn anew for each round.
 * It is the same whenever it is asked for, and clients cannot foresee it.
 */
public final class Invitation {
  private static final double STEPS = 0x1p53;

  private Invitation() {}

  /**
   * Whether the first 53 bits of SHA-256 over model, round, client and seed are within the share.
   *
   * @param share in (0, 1]
   */
  public static boolean holds(String model, long round, String client, String seed, double share) {
    if (share == 1) {
      return true;
    }
    byte[] names = "%s\n%s\n%s\n%s".formatted(model, round, client, seed).getBytes(UTF_8);
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(names);
      return (ByteBuffer.wrap(hash).getLong() >>> 11) < share * STEPS;
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
