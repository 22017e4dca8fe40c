package io.fedstep.secure;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.NamedParameterSpec;
import java.security.spec.XECPrivateKeySpec;
import java.security.spec.XECPublicKeySpec;
import java.util.Set;
import javax.crypto.KeyAgreement;
import org.jspecify.annotations.Nullable;

/** X25519 (RFC 7748) with keys as {@value #BYTES} little-endian bytes. */
public final class Curve25519 {
  /** Bytes of a key, private or public, and of a shared secret. */
  public static final int BYTES = 32;

  private static final String NAME = "X25519";
  private static final BigInteger PRIME =
      BigInteger.ONE.shiftLeft(255).subtract(BigInteger.valueOf(19));

  /**
   * The points below 2^255 - 19 whose product with every private key is zero, on the curve and on
   * its twist: of order 1 or 2, 4, and twice 8 (D. J. Bernstein, Curve25519: new Diffie-Hellman
   * speed records, 2006; cr.yp.to/ecdh.html).
   */
  static final Set<BigInteger> SMALL_ORDER =
      Set.of(
          BigInteger.ZERO,
          BigInteger.ONE,
          PRIME.subtract(BigInteger.ONE),
          new BigInteger(
              "325606250916557431795983626356110631294008115727848805560023387167927233504"),
          new BigInteger(
              "39382357235489614581723060781553021112529911719440698176882885853963445705823"));

  /** The point whose product with a private key is the public one. */
  private static final byte[] BASE = base();

  private Curve25519() {}

  private static byte[] base() {
    byte[] base = new byte[BYTES];
    base[0] = 9;
    return base;
  }

  /** The public key of a private one. */
  public static byte[] publicKey(byte[] privateKey) {
    return agree(privateKey, BASE);
  }

  /** What is wrong with a public key of somebody else, or null. */
  public static @Nullable String wrong(byte[] publicKey) {
    if (publicKey.length != BYTES) {
      return "has %s bytes, not %s".formatted(publicKey.length, BYTES);
    }
    BigInteger point = LittleEndian.number(publicKey);
    if (point.compareTo(PRIME) >= 0) {
      return "is not below 2^255 - 19";
    }
    return SMALL_ORDER.contains(point) ? "is a point of small order" : null;
  }

  /**
   * The secret that two pairs of keys share.
   *
   * @throws IllegalArgumentException if it is zero, by a public key of small order
   */
  public static byte[] agree(byte[] privateKey, byte[] publicKey) {
    try {
      return secret(privateKey, publicKey);
    } catch (InvalidKeyException e) {
      throw new IllegalArgumentException("a public key of small order", e);
    }
  }

  private static byte[] secret(byte[] privateKey, byte[] publicKey) throws InvalidKeyException {
    try {
      KeyFactory keys = KeyFactory.getInstance(NAME);
      PrivateKey own =
          keys.generatePrivate(new XECPrivateKeySpec(NamedParameterSpec.X25519, privateKey));
      KeyAgreement agreement = KeyAgreement.getInstance(NAME);
      agreement.init(own);
      agreement.doPhase(
          keys.generatePublic(
              new XECPublicKeySpec(NamedParameterSpec.X25519, LittleEndian.number(publicKey))),
          true);
      return agreement.generateSecret();
    } catch (InvalidKeyException e) {
      throw e;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has " + NAME, e);
    }
  }
}
