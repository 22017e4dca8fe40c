package io.fedstep.thin;

import java.util.Arrays;

/** The values of largest absolute value. */
public final class Largest {
  private Largest() {}

  /** The places of the {@code count} largest of some magnitudes, ascending; NaN is the largest. */
  public static int[] places(float[] magnitudes, int count) {
    if (count == 0) {
      return new int[0];
    }
    float[] sorted = magnitudes.clone();
    Arrays.sort(sorted);
    float least = sorted[sorted.length - count];
    int ties = count; // of those that are as large as the least
    for (int i = sorted.length - 1; i >= 0 && Float.compare(sorted[i], least) > 0; i--) {
      ties--;
    }
    int[] places = new int[count];
    int found = 0;
    for (int i = 0; i < magnitudes.length; i++) {
      int order = Float.compare(magnitudes[i], least);
      if (order > 0 || (order == 0 && ties-- > 0)) {
        places[found++] = i;
      }
    }
    return places;
  }
}
