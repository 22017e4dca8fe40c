package io.fedstep.coordinator;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.function.LongFunction;

/**
 * The last things of one kind that came to a model, in memory alone. Whoever waits for a change of
 * the model is told of them together, a few times a second at most, however many come.
 */
final class Recent<T> {
  /** How many are kept. */
  static final int KEPT = 100;

  /** In which they gather before they are told. */
  static final Duration PAUSE = Duration.ofMillis(100);

  private final ArrayDeque<T> last = new ArrayDeque<>();
  private long count;
  private long told;

  /** Keeps one more, which gets its number; says whether it is the first that is to be told. */
  synchronized boolean add(LongFunction<T> numbered) {
    if (last.size() == KEPT) {
      last.removeLast();
    }
    last.addFirst(numbered.apply(++count));
    return count == told + 1;
  }

  /** All that have come are told now. */
  synchronized void tell() {
    told = count;
  }

  /** How many are told. */
  synchronized long told() {
    return told;
  }

  /** Those that are kept. */
  synchronized List<T> newestFirst() {
    return List.copyOf(last);
  }
}
