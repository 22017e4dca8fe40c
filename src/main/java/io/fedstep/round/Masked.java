package io.fedstep.round;

import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the record of a round has whose updates are masked, beside what every record has.
 *
 * @param members how many joined
 * @param threshold how many of them had to go all the way; null before the roster was fixed
 * @param missing the members whose update is not in, in the order of their names
 * @param wrong the members whose answers did not fit and were left out
 * @param totalWeight of the updates, or null where their sum was not opened
 * @param metrics the weighted means
 * @param clipped the share of coordinates that clients cut, or null
 */
public record Masked(
    int members,
    @Nullable Integer threshold,
    List<String> missing,
    List<String> wrong,
    @Nullable Long totalWeight,
    SortedMap<String, Double> metrics,
    @Nullable Double clipped) {
  /** Copies the lists. */
  public Masked {
    missing = List.copyOf(missing);
    wrong = List.copyOf(wrong);
    metrics = Collections.unmodifiableSortedMap(new TreeMap<>(metrics));
  }

  /** That of a round whose sum was not opened. */
  public static Masked unopened(int members, @Nullable Integer threshold, List<String> missing) {
    return new Masked(
        members, threshold, missing, List.of(), null, Collections.emptySortedMap(), null);
  }
}
