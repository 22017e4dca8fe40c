package io.fedstep.secure;

/** Means of sums of words, rounded once; of a sum of zero 0.0. */
public interface Means {
  /** The mean as a double. */
  double of(long sum);

  /** The mean as a float. */
  float floatOf(long sum);
}
