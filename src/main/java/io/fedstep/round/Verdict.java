package io.fedstep.round;

import io.fedstep.problem.Refusal;

/** A round's answer to an update. */
public sealed interface Verdict {
  /** It may send its numbers. */
  record Welcome() implements Verdict {}

  /** It is in, and this goes into the journal. */
  record Enters(Decision.Accepted decision) implements Verdict {}

  /** The client already has an update in the round: this one. */
  record Repeats(Decision.Accepted earlier) implements Verdict {}

  /** It is not let in. */
  record Refused(Refusal refusal) implements Verdict {}
}
