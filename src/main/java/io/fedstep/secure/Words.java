package io.fedstep.secure;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.List;

/** Sums of little-endian words with masks; with buffers, for one thread. */
public final class Words {
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final Keystream keystream = new Keystream();
  private byte[] buffer = new byte[0];

  /**
   * The words of a stream from a byte on, as {@link #add(Mask, long, int, long[], int)} has them.
   */
  private byte[] read(Mask mask, long offset, int length) {
    if (buffer.length < length) {
      buffer = new byte[length];
    }
    keystream.read(mask.seed(), offset, buffer, length);
    return buffer;
  }

  /**
   * Adds a mask to words.
   *
   * @param offset of the first word in the stream, in bytes
   * @param bits of a word, 32 or 64; of those of 32 the lower halves of the sums count
   * @param sums in and out: the first {@code count} words
   */
  public void add(Mask mask, long offset, int bits, long[] sums, int count) {
    byte[] words = read(mask, offset, count * bits / Byte.SIZE);
    switch (bits) {
      case Integer.SIZE -> addInts(words, mask.isAdded(), sums, count);
      case Long.SIZE -> addLongs(words, mask.isAdded(), sums, count);
      default -> throw new IllegalArgumentException("words of %s bits".formatted(bits));
    }
  }

  private static void addInts(byte[] words, boolean isAdded, long[] sums, int count) {
    if (isAdded) {
      for (int i = 0; i < count; i++) {
        sums[i] += (int) INTS.get(words, i * Integer.BYTES);
      }
    } else {
      for (int i = 0; i < count; i++) {
        sums[i] -= (int) INTS.get(words, i * Integer.BYTES);
      }
    }
  }

  private static void addLongs(byte[] words, boolean isAdded, long[] sums, int count) {
    if (isAdded) {
      for (int i = 0; i < count; i++) {
        sums[i] += (long) LONGS.get(words, i * Long.BYTES);
      }
    } else {
      for (int i = 0; i < count; i++) {
        sums[i] -= (long) LONGS.get(words, i * Long.BYTES);
      }
    }
  }

  /** The sums as two's complement of so many bits: what they are if they fit in those. */
  public static void extend(int bits, long[] sums, int count) {
    if (bits == Integer.SIZE) {
      for (int i = 0; i < count; i++) {
        sums[i] = (int) sums[i];
      }
    }
  }

  /**
   * Masks a piece of a member's stream.
   *
   * @param offset of its first byte, a multiple of 16
   * @param stream in and out: up to the stream's end, or a multiple of 16 bytes
   */
  public void mask(BodyForm form, List<Mask> masks, long offset, byte[] stream, int length) {
    int ofCoordinates = (int) Math.clamp(form.tail() - offset, 0, length);
    add(masks, offset, form.bits(), stream, 0, ofCoordinates);
    add(masks, offset + ofCoordinates, Long.SIZE, stream, ofCoordinates, length);
  }

  private void add(List<Mask> masks, long offset, int bits, byte[] into, int from, int end) {
    int width = bits / Byte.SIZE;
    long[] words = new long[(end - from) / width];
    for (int i = 0; i < words.length; i++) {
      words[i] =
          bits == Integer.SIZE
              ? (int) INTS.get(into, from + i * width)
              : (long) LONGS.get(into, from + i * width);
    }
    for (Mask mask : masks) {
      add(mask, offset, bits, words, words.length);
    }
    for (int i = 0; i < words.length; i++) {
      if (bits == Integer.SIZE) {
        INTS.set(into, from + i * width, (int) words[i]);
      } else {
        LONGS.set(into, from + i * width, words[i]);
      }
    }
  }
}
