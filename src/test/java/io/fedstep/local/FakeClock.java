package io.fedstep.local;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** A clock that stands still until it is told to go on, and the monotonic one beside it. */
public final class FakeClock implements InstantSource {
  public static final Instant START = Instant.parse("2026-01-01T12:00:00Z");

  private volatile Instant now = START;
  private volatile Duration elapsed = Duration.ZERO;

  @Override
  public Instant instant() {
    return now;
  }

  /** What has passed, whatever the clock was set to. */
  public Duration elapsed() {
    return elapsed;
  }

  /** Somebody sets the clock: no time passes. */
  public void set(Instant instant) {
    now = instant;
  }

  public void advance(Duration duration) {
    now = now.plus(duration);
    elapsed = elapsed.plus(duration);
  }
}
