package io.fedstep.wire;

import io.fedstep.problem.Problem;
import io.fedstep.quota.Places;
import io.fedstep.quota.Turns;
import io.fedstep.store.KeptAnswers;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The resources of requests that take much of the processor, or of memory outside the heap.
 *
 * @param decoders places for bodies whose expansion takes a window
 * @param answers places for answers that have to be computed
 * @param kept those that were
 */
public record HeavyWork(Places decoders, Places answers, Turns turns, KeptAnswers kept) {
  /** In which a place has to become free. */
  static final Duration PATIENCE = Duration.ofSeconds(10);

  /** In which an answer that another request makes has to be whole: gzip of 500 MB. */
  static final Duration PATIENCE_WITH_OTHERS = Duration.ofSeconds(30);

  /** Up to so many bytes, something is done before a turn would have come. */
  static final int SMALL = Turns.PIECE;

  /** As much of it at once as the limits say. */
  public static HeavyWork within(WireLimits limits, KeptAnswers kept) {
    return new HeavyWork(
        places("bodies in zstd are expanded", "decoders", limits.decoders(), limits),
        places("answers are computed", "heavy-answers", limits.heavyAnswers(), limits),
        Turns.ofCarriers(),
        kept);
  }

  private static Places places(String what, String key, int total, WireLimits limits) {
    return new Places(
        what, "fedstep.limits." + key, total, limits.share(), Problem.TOO_MANY_REQUESTS, 1);
  }

  /** The turns of a request, by the holder of its places. */
  Turns.Turn turn(@Nullable String holder) {
    return turns.of(holder == null ? "" : holder);
  }

  /** A place for the answer to a request, or its refusal. */
  Places.Place answer(@Nullable String holder) {
    return answers.acquire(holder, PATIENCE);
  }
}
