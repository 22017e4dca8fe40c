package io.fedstep.secure;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/** Sums of little-endian words with masks; with buffers, for one thread. */
public final class Words {
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** Masks that are added together, so that sums are read and written once for them. */
  private static final int FOUR = 4;

  private final Keystream keystream = new Keystream();
  private final byte[][] buffers = new byte[FOUR][0];

  /** Forgets the last mask. */
  public void wipe() {
    keystream.wipe();
    for (byte[] buffer : buffers) {
      Arrays.fill(buffer, (byte) 0);
    }
  }

  /**
   * The words of a stream from a byte on, as {@link #add(Mask, long, int, long[], int)} has them.
   */
  private byte[] read(Mask mask, long offset, int length, int buffer) {
    if (buffers[buffer].length < length) {
      buffers[buffer] = new byte[length];
    }
    keystream.read(mask.seed(), offset, buffers[buffer], length);
    return buffers[buffer];
  }

  /**
   * Adds masks to words of 32 bits.
   *
   * @param offset of the first word in the stream, in bytes
   * @param sums in and out: the first {@code count} words
   */
  public void add(List<Mask> masks, long offset, int[] sums, int count) {
    add(masks.stream().filter(Mask::isAdded).toList(), true, offset, sums, count);
    add(masks.stream().filter(mask -> !mask.isAdded()).toList(), false, offset, sums, count);
  }

  private void add(List<Mask> same, boolean areAdded, long offset, int[] sums, int count) {
    int length = count * Integer.BYTES;
    int next = 0;
    for (; next + FOUR <= same.size(); next += FOUR) {
      for (int i = 0; i < FOUR; i++) {
        byte[] _ = read(same.get(next + i), offset, length, i);
      }
      addFour(areAdded, sums, count);
    }
    for (Mask mask : same.subList(next, same.size())) {
      addInts(read(mask, offset, length, 0), areAdded, sums, count);
    }
  }

  private void addFour(boolean areAdded, int[] sums, int count) {
    byte[] a = buffers[0];
    byte[] b = buffers[1];
    byte[] c = buffers[2];
    byte[] d = buffers[3];
    if (areAdded) {
      for (int i = 0; i < count; i++) {
        int at = i * Integer.BYTES;
        sums[i] +=
            (int) INTS.get(a, at)
                + (int) INTS.get(b, at)
                + (int) INTS.get(c, at)
                + (int) INTS.get(d, at);
      }
    } else {
      for (int i = 0; i < count; i++) {
        int at = i * Integer.BYTES;
        sums[i] -=
            (int) INTS.get(a, at)
                + (int) INTS.get(b, at)
                + (int) INTS.get(c, at)
                + (int) INTS.get(d, at);
      }
    }
  }

  private static void addInts(byte[] words, boolean isAdded, int[] sums, int count) {
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

  /**
   * Adds a mask to words.
   *
   * @param offset of the first word in the stream, in bytes
   * @param bits of a word, 32 or 64; of those of 32 the lower halves of the sums count
   * @param sums in and out: the first {@code count} words
   */
  public void add(Mask mask, long offset, int bits, long[] sums, int count) {
    byte[] words = read(mask, offset, count * bits / Byte.SIZE, 0);
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
