package io.fedstep.model;

import io.fedstep.plugin.Need;
import io.fedstep.vector.FixedPoint;
import io.fedstep.vector.Range;
import java.util.List;
import java.util.Set;

/**
 * What is done to the sums of a round's updates before anything of them is seen: noise is added, or
 * masks are taken off. With it updates are whole numbers on a grid, their sums take no rounding,
 * and the gradient is rounded once, after it.
 */
public interface Protection {
  /** What it is called: the key of the spec that asks for it. */
  String name();

  /** What it has to be given: some of {@link Need#NORMS}, {@link Need#COUNTS}, {@link Need#KEY}. */
  Set<Need> needs();

  /** Which other parts of a spec it goes with, beside what {@link PrivacyRules} say. */
  default List<SpecRule<SpecParts>> rules() {
    return List.of();
  }

  /** Whether the norms of single updates may be shown beside what it protects. */
  boolean showsNorms();

  /**
   * Begins a close.
   *
   * @param size how many coordinates an update has
   * @param norms the L2 norm of each update, in the order of the rows
   * @param key secret bytes of this close alone, if {@link Need#KEY} is among the needs
   */
  OfRound begin(long size, double[] norms, byte[] key);

  /** The protection of one close. Many threads ask it at once, and get the same whoever asks. */
  interface OfRound {
    /** The grid on which the updates are whole numbers. */
    FixedPoint grid();

    /** What each update's values are multiplied by before they are rounded to the grid. */
    double[] factors();

    /** What the sums are divided by, above 0: how many updates they count as. */
    double count();

    /**
     * Protects the sums of one range of coordinates.
     *
     * @param sums in steps of the grid, in and out: the first {@code range.length()} count
     */
    void protect(Range range, long[] sums);
  }
}
