package io.fedstep.secure;

/**
 * The places in the stream of words that members mask: a word for each coordinate, zeros up to a
 * multiple of 16 bytes, then words of 64 bits: the weight, the count of cut coordinates, and one
 * for each metric.
 *
 * @param coordinates at least 1
 * @param bits of a coordinate's word, 32 or 64
 * @param metrics how many
 */
public record BodyForm(long coordinates, int bits, int metrics) {
  private static final int BLOCK = 16;

  /** The places of weight and count before those of the metrics. */
  static final int METRICS = 2;

  /** Bytes of a coordinate's word. */
  public int wordBytes() {
    return bits / Byte.SIZE;
  }

  /** Bytes of the coordinates' words. */
  public long coordinateBytes() {
    return coordinates * wordBytes();
  }

  /** Where the last words begin. */
  public long tail() {
    return (coordinateBytes() + BLOCK - 1) / BLOCK * BLOCK;
  }

  /** Words of zero between the coordinates and the last words. */
  public int paddingWords() {
    return (int) (tail() - coordinateBytes()) / wordBytes();
  }

  /** Words of 64 bits at the end. */
  public int tailWords() {
    return METRICS + metrics;
  }

  /** Bytes of the whole. */
  public long bytes() {
    return tail() + (long) tailWords() * Long.BYTES;
  }
}
