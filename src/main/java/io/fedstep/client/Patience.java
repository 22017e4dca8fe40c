package io.fedstep.client;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** When a request is tried again: from its first failure on, for a time that progress prolongs. */
final class Patience {
  /** The server's statuses when a body comes slowly, it is busy, going down, or closes a round. */
  private static final Set<Integer> LATER = Set.of(408, 409, 429, 503, 507);

  /** A proxy's statuses whose server is away, or a server's container's that is. */
  private static final Set<Integer> AWAY = Set.of(502, 503, 504);

  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  private final Duration most;
  private final boolean isOnce;
  private Duration pause = FIRST_PAUSE;
  private long end;
  private boolean failedBefore;
  private int reached;

  /**
   * The patience with one request.
   *
   * @param isOnce whether it may have been done although no answer came, and would be done twice
   */
  Patience(Duration most, boolean isOnce) {
    this.most = most;
    this.isOnce = isOnce;
  }

  /** Takes note of bytes that are there: more than ever begin it anew. */
  void reached(int bytes) {
    if (bytes > reached) {
      reached = bytes;
      failedBefore = false;
      pause = FIRST_PAUSE;
    }
  }

  /** Waits until another try may help; throws where there is to be none. */
  void afterRefusal(HttpResponse<?> answer, RefusedByServer refusal)
      throws IOException, InterruptedException {
    Duration named = later(answer);
    boolean away = AWAY.contains(refusal.status()) && refusal.code().isEmpty();
    if (named == null && (isOnce || !away)) {
      throw refusal;
    }
    pause(refusal, named == null ? pause : named);
  }

  /** The same where whatever was done counts, and the rest comes in another request. */
  void afterBreak(RefusedByServer refusal) throws IOException, InterruptedException {
    int named = refusal.problem().path("retry_after").asInt(0);
    pause(refusal, named > 0 ? Duration.ofSeconds(named) : pause);
  }

  /** The same after a connection that broke. */
  void afterLoss(IOException lost) throws IOException, InterruptedException {
    if (isOnce || Loss.isFinal(lost)) {
      throw lost;
    }
    pause(lost, pause);
  }

  private void pause(IOException failure, Duration next) throws IOException, InterruptedException {
    if (!failedBefore) {
      failedBefore = true;
      end = System.nanoTime() + most.toNanos();
    }
    if (System.nanoTime() + next.toNanos() - end > 0) {
      throw failure;
    }
    Thread.sleep(next);
    pause = Collections.min(List.of(pause.multipliedBy(2), LONGEST_PAUSE));
  }

  private static @Nullable Duration later(HttpResponse<?> answer) {
    return LATER.contains(answer.statusCode())
        ? answer
            .headers()
            .firstValue("Retry-After")
            .filter(seconds -> seconds.matches("\\d{1,5}"))
            .map(seconds -> Duration.ofSeconds(Long.parseLong(seconds)))
            .orElse(null)
        : null;
  }
}
