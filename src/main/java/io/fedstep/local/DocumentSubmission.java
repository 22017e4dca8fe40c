package io.fedstep.local;

import io.fedstep.coordinator.Admission;
import io.fedstep.round.Decision;
import io.fedstep.round.Verdict;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;

/** A document for a stage. */
record DocumentSubmission(
    Admission admission,
    long round,
    String stage,
    String client,
    String document,
    CompletableFuture<Verdict<Decision.Answered>> verdict)
    implements Submission<Decision.Answered> {
  @Override
  public boolean isForOpen() {
    return true;
  }

  @Override
  public Verdict<Decision.Answered> decide(Instant now) {
    return admission.decide(round, stage, client, document, now);
  }

  @Override
  public Verdict<Decision.Answered> late() {
    throw new IllegalStateException("a document always has a verdict");
  }
}
