package io.fedstep.local;

import io.fedstep.coordinator.Admission;
import io.fedstep.round.Decision;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.round.VectorSummary;
import io.fedstep.round.Verdict;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** An update whose numbers are in their row. */
record UpdateSubmission(
    Admission admission,
    long round,
    String client,
    int row,
    UpdateMetadata header,
    VectorSummary content,
    CompletableFuture<Verdict<Decision.Accepted>> verdict)
    implements Submission<Decision.Accepted> {
  @Override
  public boolean isForOpen() {
    return admission.isForOpen(round);
  }

  @Override
  public @Nullable Verdict<Decision.Accepted> decide(Instant now) {
    return admission.decide(round, client, row, header, content, now);
  }

  @Override
  public Verdict<Decision.Accepted> late() {
    return admission.late(round, client, header, content);
  }
}
