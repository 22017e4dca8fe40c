package io.fedstep.coordinator;

import io.fedstep.model.RoundPolicy;
import io.fedstep.optim.Optimizer;
import io.fedstep.round.UpdateHeader;

/** What somebody asks of a model beside sending an update. */
public sealed interface Command {
  /** An administrator closes the open round. */
  record Close() implements Command {}

  /** An administrator replaces the round policy at once. */
  record SetPolicy(RoundPolicy policy) implements Command {}

  /** An administrator replaces the hyper-parameters, from the next close on. */
  record SetOptimizer(Optimizer optimizer) implements Command {}

  /** An administrator ends training. */
  record Stop() implements Command {}

  /** An administrator resumes training. */
  record Start() implements Command {}

  /** An administrator replaces the open round, if the newest version is the expected one. */
  record Replace(Replacement by, Expected newest) implements Command {}

  /** A client tells what it measured of a version, in place of what it told before. */
  record Report(long version, String client, UpdateHeader report) implements Command {}
}
