package io.fedstep.secure;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import javax.crypto.KDF;
import javax.crypto.spec.HKDFParameterSpec;

/** Keys and digests that follow from secrets, a round's tag and members' indices. */
public final class Keys {
  private static final int BYTES = 32;

  /** Bytes of a commitment. */
  public static final int COMMITMENT_BYTES = BYTES;

  private static final byte[] MASK = "fedstep mask".getBytes(US_ASCII);
  private static final byte[] SHARE = "fedstep share".getBytes(US_ASCII);
  private static final byte[] SELF = "fedstep self".getBytes(US_ASCII);

  private Keys() {}

  /** The seed of two members' mask, the same at both ends. */
  public static byte[] maskSeed(byte[] privateKey, byte[] publicKey, byte[] tag, int u, int v) {
    return ofPair(privateKey, publicKey, tag, MASK, Math.min(u, v), Math.max(u, v));
  }

  /** The key with which member {@code from} seals what goes to {@code to}. */
  public static byte[] seal(byte[] privateKey, byte[] publicKey, byte[] tag, int from, int to) {
    return ofPair(privateKey, publicKey, tag, SHARE, from, to);
  }

  private static byte[] ofPair(
      byte[] privateKey, byte[] publicKey, byte[] tag, byte[] what, int one, int other) {
    byte[] secret = Curve25519.agree(privateKey, publicKey);
    try {
      return hkdf(secret, tag, joined(what, new byte[] {(byte) one, (byte) other}));
    } finally {
      Arrays.fill(secret, (byte) 0);
    }
  }

  /** HKDF-SHA256 (RFC 5869), 32 bytes of it. */
  static byte[] hkdf(byte[] secret, byte[] salt, byte[] info) {
    try {
      return KDF.getInstance("HKDF-SHA256")
          .deriveData(
              HKDFParameterSpec.ofExtract().addIKM(secret).addSalt(salt).thenExpand(info, BYTES));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has HKDF-SHA256", e);
    }
  }

  /** What member {@code index} tells of its self seed before it is opened. */
  public static byte[] commitment(byte[] tag, int index, byte[] selfSeed) {
    return sha256(SELF, tag, new byte[] {(byte) index}, selfSeed);
  }

  /** The digest of parts, none of which is copied. */
  static byte[] sha256(byte[]... parts) {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      for (byte[] part : parts) {
        digest.update(part);
      }
      return digest.digest();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  static byte[] joined(byte[]... parts) {
    var all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }
}
