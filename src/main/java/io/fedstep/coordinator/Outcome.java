package io.fedstep.coordinator;

import io.fedstep.round.Decision;
import io.fedstep.store.ModelHead;
import io.fedstep.store.VersionInfo;

/** What a model decides because of a {@link Command}. */
public sealed interface Outcome {
  /** Nothing: this version is what was asked for. */
  record Known(VersionInfo version) implements Outcome {}

  /** Nothing yet: the command is taken again once the version is there that is being made. */
  record Waits() implements Outcome {}

  /** The model has another head. */
  record Changes(ModelHead head) implements Outcome {}

  /** What a client measured of a version is kept. */
  record Keeps(Command.Report report) implements Outcome {}

  /** The open round becomes a version. */
  record Closes(Decision.Closed close) implements Outcome {}

  /** The open round is replaced by a version. */
  record Replaces(Replacement by) implements Outcome {}
}
