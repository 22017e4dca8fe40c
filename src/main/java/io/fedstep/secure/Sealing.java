package io.fedstep.secure;

import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Two shares on their way from member {@code u} to {@code v}: AES-256-GCM with a key that is used
 * once, so that its nonce is zero.
 */
public final class Sealing {
  /** Bytes of what is sealed. */
  public static final int PLAIN_BYTES = 2 * Sharing.BYTES;

  /** Bytes of what is sent. */
  public static final int BYTES = PLAIN_BYTES + 16;

  private static final int TAG_BITS = 128;
  private static final int NONCE_BYTES = 12;

  private Sealing() {}

  /** Seals the share of a mask key and that of a self seed. */
  public static byte[] seal(
      byte[] key, byte[] maskKeyShare, byte[] selfSeedShare, byte[] tag, int u, int v) {
    byte[] plain = Keys.joined(maskKeyShare, selfSeedShare);
    try {
      return cipher(Cipher.ENCRYPT_MODE, key, tag, u, v).doFinal(plain);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-GCM refuses to seal", e);
    } finally {
      Arrays.fill(plain, (byte) 0);
    }
  }

  /** Two shares that were sealed. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Opened(byte[] maskKeyShare, byte[] selfSeedShare) {
    @Override
    public String toString() {
      return "two shares"; // in no log
    }
  }

  /**
   * Opens what was sealed.
   *
   * @throws IllegalArgumentException if it is not what was sealed with that key for that pair
   */
  public static Opened open(byte[] key, byte[] sealed, byte[] tag, int u, int v) {
    try {
      byte[] plain = cipher(Cipher.DECRYPT_MODE, key, tag, u, v).doFinal(sealed);
      if (plain.length != PLAIN_BYTES) {
        throw new IllegalArgumentException("%s bytes were sealed".formatted(plain.length));
      }
      return new Opened(
          Arrays.copyOf(plain, Sharing.BYTES),
          Arrays.copyOfRange(plain, Sharing.BYTES, PLAIN_BYTES));
    } catch (AEADBadTagException e) {
      throw new IllegalArgumentException("the share of %s for %s does not open".formatted(u, v), e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-GCM refuses to open", e);
    }
  }

  private static Cipher cipher(int mode, byte[] key, byte[] tag, int u, int v)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(
        mode, new SecretKeySpec(key, "AES"), new GCMParameterSpec(TAG_BITS, new byte[NONCE_BYTES]));
    cipher.updateAAD(tag);
    cipher.updateAAD(new byte[] {(byte) u, (byte) v});
    return cipher;
  }
}
