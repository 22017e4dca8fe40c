package io.fedstep.coordinator;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;

/** How many uploads lie there that are no updates yet, over all models. */
final class PausedPlaces {
  private final int most;
  private int taken;

  PausedPlaces(int most) {
    this.most = most;
  }

  /** Counts a new upload in, or refuses it. */
  synchronized void take() {
    if (taken >= most) {
      throw Refusal.of(
              Problem.TOO_MANY_REQUESTS,
              "%s uploads are paused (fedstep.limits.paused-uploads); try again later."
                  .formatted(most))
          .retryAfter(60)
          .exception();
    }
    taken++;
  }

  /** Counts one in that was there before a restart, also beyond the limit. */
  synchronized void add() {
    taken++;
  }

  /** One is an update, or gone. */
  synchronized void release() {
    taken--;
  }

  synchronized int count() {
    return taken;
  }
}
