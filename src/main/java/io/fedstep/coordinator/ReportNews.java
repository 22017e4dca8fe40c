package io.fedstep.coordinator;

import io.fedstep.round.UpdateMetadata;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongFunction;

/**
 * News of what clients report of versions: of the newest, once for all reports that come within a
 * second.
 */
final class ReportNews {
  private static final Duration GATHERING = Duration.ofSeconds(1);
  private static final long NONE = -1;

  private final Engine engine;
  private final Consumer<Map<String, UpdateMetadata>> told;
  private final AtomicLong newest = new AtomicLong(NONE);

  /** News for {@code told}, which gets the last report of each client on the newest version. */
  ReportNews(Engine engine, Consumer<Map<String, UpdateMetadata>> told) {
    this.engine = engine;
    this.told = told;
  }

  /** A version has another report; {@code of} gives a version's reports by client. */
  void add(long version, LongFunction<Map<String, UpdateMetadata>> of) {
    boolean isFirst = newest.getAndAccumulate(version, Math::max) == NONE;
    if (isFirst && !engine.draining()) {
      var _ = engine.after(GATHERING, () -> told.accept(of.apply(newest.getAndSet(NONE))));
    }
  }
}
