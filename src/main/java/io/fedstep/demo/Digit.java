package io.fedstep.demo;

/**
 * The image of a hand-written digit.
 *
 * @param pixels 64 values around 0, row by row
 * @param value what it shows, 0 to 9
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody, read in a kernel
record Digit(float[] pixels, int value) {
  static final int PIXELS = 64;
  static final int VALUES = 10;

  private static final int MEAN = 5; // of all pixels of all images, about
  private static final float SPREAD = 8;

  /** Reads a line of the file: 64 values, 0 to 16, and the digit, with commas between them. */
  static Digit parse(String line) {
    String[] values = line.split(",", -1);
    float[] pixels = new float[PIXELS];
    for (int p = 0; p < PIXELS; p++) {
      pixels[p] = (Integer.parseInt(values[p]) - MEAN) / SPREAD;
    }
    return new Digit(pixels, Integer.parseInt(values[PIXELS]));
  }
}
