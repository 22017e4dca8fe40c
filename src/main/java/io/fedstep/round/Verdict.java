package io.fedstep.round;

import io.fedstep.problem.Refusal;

/**
 * A round's answer to a client's message.
 *
 * @param <M> an update or a document
 */
public sealed interface Verdict<M extends Decision.Message> {
  /** The client may send the content. */
  record Welcome<M extends Decision.Message>() implements Verdict<M> {}

  /** The message is accepted by this decision, which goes into the journal. */
  record Enters<M extends Decision.Message>(M decision) implements Verdict<M> {}

  /** The client already has a message in the stage: this one. */
  record Repeats<M extends Decision.Message>(M earlier) implements Verdict<M> {}

  /** The message is refused. */
  record Refused<M extends Decision.Message>(Refusal refusal) implements Verdict<M> {}
}
