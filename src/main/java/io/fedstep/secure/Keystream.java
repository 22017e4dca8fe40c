package io.fedstep.secure;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.IvParameterSpec;

/**
 * The masks of seeds: AES-256-CTR with the seed as its key, whose first counter block is zero. Any
 * slice of one is computed alone. It has buffers, so each thread has its own.
 */
public final class Keystream {
  private static final int BLOCK = 16;

  /**
   * Short reads after which the JDK's AES-CTR is compiled. Until then a long one takes 33 times as
   * long, and there may be thousands of those (measured).
   */
  private static final int UNTIL_COMPILED = 10_000;

  static {
    var first = new Keystream();
    byte[] seed = new byte[2 * BLOCK];
    byte[] into = new byte[BLOCK];
    for (int i = 0; i < UNTIL_COMPILED; i++) {
      first.read(seed, (long) i * BLOCK, into, BLOCK);
    }
  }

  private final Cipher cipher;
  private byte[] zeros = new byte[0];

  /** A source of keystreams. */
  public Keystream() {
    try {
      cipher = Cipher.getInstance("AES/CTR/NoPadding");
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has AES/CTR/NoPadding", e);
    }
  }

  /** A seed as a key; the JDK wipes the copies that it asks for, but not that of its own keys. */
  @SuppressWarnings({"ArrayRecordComponent", "serial"}) // never compared, never written
  private record Seed(byte[] bytes) implements SecretKey {
    @Override
    public String getAlgorithm() {
      return "AES";
    }

    @Override
    public String getFormat() {
      return "RAW";
    }

    @Override
    public byte[] getEncoded() {
      return bytes.clone();
    }

    @Override
    public String toString() {
      return "a seed"; // in no log
    }
  }

  /** Forgets the last seed, of which the cipher has the round keys. */
  public void wipe() {
    read(new byte[2 * BLOCK], 0, new byte[BLOCK], BLOCK);
  }

  /** Fills the first {@code length} bytes with those of a seed's stream from a byte on. */
  public void read(byte[] seed, long offset, byte[] into, int length) {
    int skipped = (int) (offset % BLOCK);
    byte[] counter = ByteBuffer.allocate(BLOCK).putLong(0).putLong(offset / BLOCK).array();
    if (zeros.length < length) {
      zeros = new byte[length];
    }
    try {
      cipher.init(Cipher.ENCRYPT_MODE, new Seed(seed), new IvParameterSpec(counter));
      if (skipped > 0) {
        byte[] _ = cipher.update(new byte[skipped]);
      }
      int _ = cipher.doFinal(zeros, 0, length, into, 0);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-CTR refuses bytes", e);
    }
  }
}
