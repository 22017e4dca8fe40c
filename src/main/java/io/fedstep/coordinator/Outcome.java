package io.fedstep.coordinator;

import io.fedstep.round.Decision;
import io.fedstep.store.ModelHead;
import io.fedstep.store.VersionInfo;

/** The decision on a {@link Command}. */
public sealed interface Outcome {
  /** Nothing changes: the version is as the command wants it. */
  record Known(VersionInfo version) implements Outcome {}

  /** Nothing yet: the command is decided again once the version exists that is being made. */
  record Waits() implements Outcome {}

  /** The model has another head. */
  record Changes(ModelHead head) implements Outcome {}

  /** A report is kept. */
  record Keeps(Command.Report report) implements Outcome {}

  /** The open round goes on to its next stage, or becomes a version after its last. */
  record Ends(Decision end) implements Outcome {}

  /** The open round is replaced by a version. */
  record Replaces(Replacement by) implements Outcome {}
}
