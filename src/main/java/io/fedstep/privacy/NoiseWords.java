package io.fedstep.privacy;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

/**
 * The words of one coordinate after another: AES-256-CTR of a key, 16 blocks a coordinate, then
 * those at the same place under a key that follows from it. It has buffers, so each thread has its
 * own.
 */
final class NoiseWords implements Words {
  /** Coordinates whose first blocks are made together. */
  static final int TOGETHER = 256;

  private static final int BLOCK = 16;
  private static final int BLOCKS = 16;

  /** Blocks made at a time: enough for 24 draws in 25 (measured: fewer or more are slower). */
  private static final int PIECE = BLOCKS / 2;

  private static final int PIECE_BYTES = PIECE * BLOCK;
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

  private final DiscreteGaussian plain;
  private final boolean isQuick;
  private final List<Cipher> ciphers = new ArrayList<>(); // a key in the chain each
  private byte[] key;
  private final byte[] counters = new byte[TOGETHER * PIECE_BYTES];
  private final byte[] first = new byte[TOGETHER * PIECE_BYTES + QuickDraw.SLACK];
  private final byte[] more = new byte[PIECE_BYTES];
  private long from;
  private long coordinate;
  private byte[] words = first;
  private int at;
  private int end;
  private int pieces;

  /** The words of a key, for draws of which so many add up to the whole variance. */
  NoiseWords(byte[] key, int parts) {
    this.key = key.clone();
    plain = new DiscreteGaussian(parts);
    isQuick = parts == 1;
    ciphers.add(cipher(key));
  }

  /** Makes the first words of so many coordinates, at most {@link #TOGETHER}. */
  void load(long begin, int count) {
    from = begin;
    for (int i = 0; i < count; i++) {
      count(begin + i, 0, i * PIECE_BYTES);
    }
    encrypt(0, count * PIECE_BYTES, first);
  }

  /** The draw of a coordinate whose first words are made. */
  long draw(long index) {
    int begin = (int) (index - from) * PIECE_BYTES;
    int place = begin;
    if (isQuick) {
      long quick = QuickDraw.draw(first, begin, begin + PIECE_BYTES);
      if (!QuickDraw.isPlace(quick)) {
        return quick;
      }
      place = QuickDraw.place(quick);
    }
    goTo(index);
    at = place;
    return plain.draw(this);
  }

  /** Goes to the words of a coordinate whose first are made. */
  void goTo(long index) {
    coordinate = index;
    words = first;
    at = (int) (index - from) * PIECE_BYTES;
    end = at + PIECE_BYTES;
    pieces = 1;
  }

  @Override
  public long next() {
    if (at == end) {
      takeMore();
    }
    long word = Integer.toUnsignedLong((int) INTS.get(words, at));
    at += Integer.BYTES;
    return word;
  }

  /** How many words of the coordinate were taken. */
  int taken() {
    return (pieces * PIECE_BYTES - (end - at)) / Integer.BYTES;
  }

  private void takeMore() {
    int link = pieces * PIECE / BLOCKS;
    if (link == ciphers.size()) {
      key = following(key);
      ciphers.add(cipher(key));
    }
    count(coordinate, pieces * PIECE % BLOCKS, 0);
    encrypt(link, PIECE_BYTES, more);
    pieces++;
    words = more;
    at = 0;
    end = PIECE_BYTES;
  }

  private void count(long index, int block, int offset) {
    long number = BLOCKS * index + block;
    for (int i = 0; i < PIECE; i++) {
      LONGS.set(counters, offset + i * BLOCK + Long.BYTES, number + i);
    }
  }

  private void encrypt(int link, int length, byte[] into) {
    try {
      int _ = ciphers.get(link).doFinal(counters, 0, length, into);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES refuses whole blocks", e);
    }
  }

  /** CTR is ECB of the counters, which need not follow one another. */
  private static Cipher cipher(byte[] key) {
    try {
      Cipher cipher = Cipher.getInstance("AES/ECB/NoPadding");
      cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"));
      return cipher;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has AES/ECB/NoPadding", e);
    }
  }

  private static byte[] following(byte[] key) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      sha.update("fedstep noise more".getBytes(US_ASCII));
      return sha.digest(key);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
