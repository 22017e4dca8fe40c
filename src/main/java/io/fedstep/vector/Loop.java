package io.fedstep.vector;

/**
 * Loops over the first {@code length} values of arrays. Each comes as twins, one for float and one
 * for double, that do the same in their own arithmetic; {@link Tile#run} picks.
 */
public final class Loop {
  private Loop() {}

  /** Over one array of floats. */
  @FunctionalInterface
  public interface Floats {
    /** Runs it. */
    void run(float[] values, int length);
  }

  /** Its twin. */
  @FunctionalInterface
  public interface Doubles {
    /** Runs it. */
    void run(double[] values, int length);
  }

  /** Over two arrays of floats. */
  @FunctionalInterface
  public interface TwoFloats {
    /** Runs it. */
    void run(float[] a, float[] b, int length);
  }

  /** Its twin. */
  @FunctionalInterface
  public interface TwoDoubles {
    /** Runs it. */
    void run(double[] a, double[] b, int length);
  }

  /** Over three arrays of floats. */
  @FunctionalInterface
  public interface ThreeFloats {
    /** Runs it. */
    void run(float[] a, float[] b, float[] c, int length);
  }

  /** Its twin. */
  @FunctionalInterface
  public interface ThreeDoubles {
    /** Runs it. */
    void run(double[] a, double[] b, double[] c, int length);
  }
}
