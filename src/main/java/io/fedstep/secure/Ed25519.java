package io.fedstep.secure;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.EdECPoint;
import java.security.spec.EdECPrivateKeySpec;
import java.security.spec.EdECPublicKeySpec;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.NamedParameterSpec;

/** Ed25519 signatures (RFC 8032) with keys as 32 bytes. */
public final class Ed25519 {
  /** Bytes of a key. */
  public static final int KEY_BYTES = 32;

  /** Bytes of a signature. */
  public static final int BYTES = 64;

  private static final String NAME = "Ed25519";

  /** The bit of a public key that says which of two points it is. */
  private static final int SIGN = 255;

  private Ed25519() {}

  /** The signature of a message by a private key. */
  public static byte[] sign(byte[] privateKey, byte[] message) {
    try {
      Signature signature = Signature.getInstance(NAME);
      signature.initSign(
          KeyFactory.getInstance(NAME)
              .generatePrivate(new EdECPrivateKeySpec(NamedParameterSpec.ED25519, privateKey)));
      signature.update(message);
      return signature.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has " + NAME, e);
    }
  }

  /** Whether a signature of a message is by the private key of a public one. */
  public static boolean verifies(byte[] publicKey, byte[] message, byte[] signed) {
    if (publicKey.length != KEY_BYTES || signed.length != BYTES) {
      return false;
    }
    try {
      BigInteger number = LittleEndian.number(publicKey);
      var point = new EdECPoint(number.testBit(SIGN), number.clearBit(SIGN));
      Signature signature = Signature.getInstance(NAME);
      signature.initVerify(
          KeyFactory.getInstance(NAME)
              .generatePublic(new EdECPublicKeySpec(NamedParameterSpec.ED25519, point)));
      signature.update(message);
      return signature.verify(signed);
    } catch (InvalidKeyException | InvalidKeySpecException | SignatureException e) {
      return false; // no point of the curve, or no signature
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has " + NAME, e);
    }
  }
}
