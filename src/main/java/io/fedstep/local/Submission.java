package io.fedstep.local;

import io.fedstep.round.Decision;
import io.fedstep.round.Verdict;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A message whose content is there, and which waits to be decided on its model's thread.
 *
 * @param <M> an update or a document
 */
sealed interface Submission<M extends Decision.Message>
    permits UpdateSubmission, DocumentSubmission {
  /** Whether the open round can decide it; the lock is held. */
  boolean isForOpen();

  /**
   * The verdict of the open round, or null if it came too late; welcome if it is for the next
   * round. The lock is held.
   */
  @Nullable Verdict<M> decide(Instant now);

  /** The verdict on it if its round ended meanwhile. */
  Verdict<M> late();

  /** The verdict, for who waits for it. */
  CompletableFuture<Verdict<M>> verdict();
}
