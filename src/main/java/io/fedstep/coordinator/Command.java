package io.fedstep.coordinator;

import io.fedstep.aggregate.Aggregator;
import io.fedstep.codec.Metadata;
import io.fedstep.model.KeepBest;
import io.fedstep.model.RoundPolicy;
import io.fedstep.model.UpdateBound;
import io.fedstep.optim.Optimizer;
import io.fedstep.round.UpdateMetadata;
import org.jspecify.annotations.Nullable;

/** A request to a model that is no update: an administrator's change, or a client's report. */
public sealed interface Command {
  /** Closes the open round. */
  record Close() implements Command {}

  /** Replaces the round policy at once. */
  record SetPolicy(RoundPolicy policy) implements Command {}

  /** Replaces the hyper-parameters, from the next close on. */
  record SetOptimizer(Optimizer optimizer) implements Command {}

  /** Replaces the rule of aggregation, from the open round's close on. */
  record SetAggregator(Aggregator aggregator) implements Command {}

  /** Replaces the bound on updates, or ends it. */
  record SetBound(@Nullable UpdateBound bound) implements Command {}

  /** Replaces the metadata. */
  record SetMetadata(Metadata metadata) implements Command {}

  /** Replaces by what the best version is known, or ends its choice. */
  record SetKeepBest(@Nullable KeepBest best) implements Command {}

  /** Gives a tag to a version, from another one if that has it. */
  record SetTag(String tag, long version) implements Command {}

  /** Removes a tag. */
  record RemoveTag(String tag) implements Command {}

  /** Ends training. */
  record Stop() implements Command {}

  /** Resumes training. */
  record Start() implements Command {}

  /** Replaces the open round, if the newest version is the expected one. */
  record Replace(Replacement by, Expected newest) implements Command {}

  /** A client's metrics of a version, in place of its earlier report. */
  record Report(long version, String client, UpdateMetadata report) implements Command {}
}
