package io.fedstep.round;

import io.fedstep.problem.Refusal;

/** A round's answer to an update. */
public sealed interface Verdict {
  /** The client may send the numbers. */
  record Welcome() implements Verdict {}

  /** The update is accepted by this decision, which goes into the journal. */
  record Enters(Decision.Accepted decision) implements Verdict {}

  /** The client already has an update in the round: this one. */
  record Repeats(Decision.Accepted earlier) implements Verdict {}

  /** The update is refused. */
  record Refused(Refusal refusal) implements Verdict {}
}
