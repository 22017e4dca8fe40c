package io.fedstep.client;

import io.fedstep.secure.Base64Url;
import io.fedstep.secure.Ed25519;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.interfaces.EdECPrivateKey;
import java.security.interfaces.EdECPublicKey;
import java.security.spec.EdECPoint;
import java.security.spec.EdECPrivateKeySpec;
import java.security.spec.NamedParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;

/**
 * Who a client is for others, whatever the server says: an Ed25519 key (RFC 8032). The Python
 * client reads and writes the same PEM.
 */
public final class Identity {
  private static final String NAME = "Ed25519";
  private static final String BEGIN = "-----BEGIN PRIVATE KEY-----\n";
  private static final String END = "-----END PRIVATE KEY-----\n";

  private final byte[] privateKey;
  private final byte[] publicKey;

  Identity(byte[] privateKey) {
    this.privateKey = privateKey.clone();
    publicKey = publicKey(privateKey);
  }

  private static byte[] publicKey(byte[] privateKey) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(NAME);
      generator.initialize(NamedParameterSpec.ED25519, new Fixed(privateKey));
      EdECPoint point = ((EdECPublicKey) generator.generateKeyPair().getPublic()).getPoint();
      byte[] key = new byte[Ed25519.KEY_BYTES];
      byte[] bigEndian = point.getY().toByteArray();
      for (int i = 0; i < Math.min(key.length, bigEndian.length); i++) {
        key[i] = bigEndian[bigEndian.length - 1 - i];
      }
      key[key.length - 1] |= (byte) (point.isXOdd() ? 0x80 : 0);
      return key;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has " + NAME, e);
    }
  }

  /** Has a generator of pairs make the public key of a private one that is there. */
  private static final class Fixed extends SecureRandom {
    private static final long serialVersionUID = 1L;

    private final transient byte[] key;

    Fixed(byte[] key) {
      this.key = key;
    }

    @Override
    public void nextBytes(byte[] bytes) {
      System.arraycopy(key, 0, bytes, 0, bytes.length);
    }
  }

  /** A random one. */
  public static Identity random() {
    byte[] key = new byte[Ed25519.KEY_BYTES];
    new SecureRandom().nextBytes(key);
    return new Identity(key);
  }

  /**
   * The one in a text of PEM (PKCS #8), as {@link #pem} or {@code python -m fedstep identity new}
   * wrote it.
   *
   * @throws IllegalArgumentException if it has no Ed25519 key
   */
  public static Identity of(String pem) {
    String[] lines = pem.strip().split("\\R");
    try {
      if (lines.length < 3 || !BEGIN.strip().equals(lines[0])) {
        throw new IllegalArgumentException("no text of PEM with a private key");
      }
      String base64 = String.join("", lines).replace(BEGIN.strip(), "").replace(END.strip(), "");
      var spec = new PKCS8EncodedKeySpec(Base64.getDecoder().decode(base64));
      EdECPrivateKey key = (EdECPrivateKey) KeyFactory.getInstance(NAME).generatePrivate(spec);
      return new Identity(key.getBytes().orElseThrow());
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("a private key, but none of Ed25519", e);
    }
  }

  /** This key as PEM, for a file that only its owner may read. */
  public String pem() {
    try {
      byte[] encoded =
          KeyFactory.getInstance(NAME)
              .generatePrivate(new EdECPrivateKeySpec(NamedParameterSpec.ED25519, privateKey))
              .getEncoded();
      return BEGIN + Base64.getEncoder().encodeToString(encoded) + "\n" + END;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has " + NAME, e);
    }
  }

  /** The public key as others write it down: base64url of its 32 bytes. */
  public String text() {
    return Base64Url.text(publicKey);
  }

  byte[] publicKey() {
    return publicKey.clone();
  }

  byte[] sign(byte[] message) {
    return Ed25519.sign(privateKey, message);
  }

  @Override
  public String toString() {
    return "the identity " + text(); // without the private key
  }
}
