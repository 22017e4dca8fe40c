package io.fedstep.privacy;

/**
 * The noise of a key: an exact discrete Gaussian of variance {@code 2^48 / parts} for each
 * coordinate, the same whoever asks for it, in whatever pieces. A close has all of it, where
 * members of a round add it each has a part.
 */
public final class Noise {
  /** The length of a key. */
  public static final int KEY_BYTES = 32;

  /** The noise's standard deviation, in steps of the grid. */
  public static final double SCALE = 0x1p24;

  private final byte[] key;
  private final int parts;

  /** The noise of a key, all of it. */
  public Noise(byte[] key) {
    this(key, 1);
  }

  /**
   * A part of noise.
   *
   * @param parts how many of them, each of a key of its own, add up to all of it; at most 255
   */
  public Noise(byte[] key, int parts) {
    if (key.length != KEY_BYTES) {
      throw new IllegalArgumentException("%s bytes of key".formatted(key.length));
    }
    this.key = key.clone();
    this.parts = parts;
  }

  /** The noise of one coordinate. */
  public long at(long coordinate) {
    long[] noise = new long[1];
    add(coordinate, 1, noise);
    return noise[0];
  }

  /** Adds the noise of {@code length} coordinates from {@code from} on to their sums. */
  public void add(long from, int length, long[] sums) {
    var words = new NoiseWords(key, parts);
    for (int done = 0; done < length; done += NoiseWords.TOGETHER) {
      int count = Math.min(NoiseWords.TOGETHER, length - done);
      words.load(from + done, count);
      for (int i = 0; i < count; i++) {
        sums[done + i] += words.draw(from + done + i);
      }
    }
  }
}
