package io.fedstep.optim;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** Random bits as a function of a key and a counter: 128 for each pair of a version and a block. */
final class CounterBits {
  private CounterBits() {}

  /** 256 bits of key from a seed, others for each module of a chain. */
  static byte[] key(String seed, int module) {
    try {
      return MessageDigest.getInstance("SHA-256")
          .digest("fedstep gaussian-noise %s %s".formatted(module, seed).getBytes(US_ASCII));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** AES-256 of the counters, as CTR mode makes them of the first. */
  static long[] aes(byte[] key, long version, long first, int blocks) {
    try {
      Cipher cipher = Cipher.getInstance("AES/CTR/NoPadding");
      byte[] counter = ByteBuffer.allocate(16).putLong(version).putLong(first).array();
      cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"), new IvParameterSpec(counter));
      long[] bits = new long[2 * blocks];
      ByteBuffer.wrap(cipher.doFinal(new byte[16 * blocks])).asLongBuffer().get(bits);
      return bits;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has AES/CTR/NoPadding", e);
    }
  }

  /**
   * Philox4x32-10 of the counters, with the first 64 bits of the key (J. Salmon et al., Parallel
   * Random Numbers: As Easy as 1, 2, 3, 2011).
   */
  static long[] philox(byte[] key, long version, long first, int blocks) {
    ByteBuffer keys = ByteBuffer.wrap(Arrays.copyOf(key, 8));
    int[] words = {0, 0, (int) version, (int) (version >>> 32)};
    int key0 = keys.getInt();
    int key1 = keys.getInt();
    long[] bits = new long[2 * blocks];
    for (int i = 0; i < blocks; i++) {
      words[0] = (int) (first + i);
      words[1] = (int) ((first + i) >>> 32);
      int[] out = philox(words, key0, key1);
      bits[2 * i] = joined(out[0], out[1]);
      bits[2 * i + 1] = joined(out[2], out[3]);
    }
    return bits;
  }

  private static long joined(int high, int low) {
    return ((long) high << 32) | Integer.toUnsignedLong(low);
  }

  /** One block: ten rounds over a counter of four words, with a key of two. */
  static int[] philox(int[] counter, int key0, int key1) {
    int[] x = counter.clone();
    int k0 = key0;
    int k1 = key1;
    for (int round = 0; round < 10; round++) {
      long p0 = 0xD2511F53L * Integer.toUnsignedLong(x[0]);
      long p1 = 0xCD9E8D57L * Integer.toUnsignedLong(x[2]);
      x[0] = (int) (p1 >>> 32) ^ x[1] ^ k0;
      x[1] = (int) p1;
      x[2] = (int) (p0 >>> 32) ^ x[3] ^ k1;
      x[3] = (int) p0;
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    return x;
  }
}
