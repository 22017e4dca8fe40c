package io.fedstep.model;

import io.fedstep.aggregate.Aggregator;
import io.fedstep.aggregate.Averaging;
import io.fedstep.optim.Optimizer;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.TensorLayout;
import org.jspecify.annotations.Nullable;

/**
 * Everything that was asked for when a model was created, defaults filled in.
 *
 * @param updateBound the largest norm and weight of an update, or null for any
 * @param protection what is done to the sums of updates before they are seen, or null for nothing
 */
public record ModelSpec(
    TensorLayout layout,
    Dtype dtype,
    Optimizer optimizer,
    Aggregator aggregator,
    @Nullable UpdateBound updateBound,
    @Nullable Protection protection,
    RoundPolicy round) {
  /** The aggregator of a model that names none: the mean, by the updates' weights. */
  public static final Aggregator DEFAULT_AGGREGATOR = new Averaging(true);

  /** Checks what goes together ({@link SpecRules}). */
  public ModelSpec(
      TensorLayout layout,
      Dtype dtype,
      Optimizer optimizer,
      Aggregator aggregator,
      @Nullable UpdateBound updateBound,
      @Nullable Protection protection,
      RoundPolicy round) {
    this.layout = layout;
    this.dtype = dtype;
    this.optimizer = optimizer;
    this.aggregator = aggregator;
    this.updateBound = updateBound;
    this.protection = protection;
    this.round = round;
    SpecRules.OF_SPECS.forEach(rule -> rule.check(this));
    if (protection != null) {
      protection.rules().forEach(rule -> rule.check(this));
    }
  }

  /** A spec without protection. */
  public ModelSpec(
      TensorLayout layout,
      Dtype dtype,
      Optimizer optimizer,
      Aggregator aggregator,
      @Nullable UpdateBound updateBound,
      RoundPolicy round) {
    this(layout, dtype, optimizer, aggregator, updateBound, null, round);
  }

  /** The number of values of the flat vector. */
  public long parameters() {
    return layout.size();
  }

  /** The bytes of the flat vector. */
  public long vectorBytes() {
    return parameters() * dtype.bytes();
  }

  /** This spec with another round policy. */
  public ModelSpec with(RoundPolicy policy) {
    return new ModelSpec(layout, dtype, optimizer, aggregator, updateBound, protection, policy);
  }

  /** This spec with other hyper-parameters. */
  public ModelSpec with(Optimizer other) {
    return new ModelSpec(layout, dtype, other, aggregator, updateBound, protection, round);
  }

  /** This spec with another rule of aggregation. */
  public ModelSpec with(Aggregator other) {
    return new ModelSpec(layout, dtype, optimizer, other, updateBound, protection, round);
  }

  /** This spec with another bound on updates, or without one. */
  public ModelSpec bounded(@Nullable UpdateBound other) {
    return new ModelSpec(layout, dtype, optimizer, aggregator, other, protection, round);
  }

  /** What the weight of an update or of a report counts, before it is discounted by its age. */
  public double counted(double weight) {
    return updateBound == null ? weight : updateBound.counted(weight);
  }

  /** What an update's weight counts in the mean. */
  public double effectiveWeight(double weight, long staleness) {
    return round.effectiveWeight(counted(weight), staleness);
  }

  /** Whether what an update counts may be another number than its weight. */
  public boolean weighsAnew() {
    return round.mode().isBuffer() || (updateBound != null && updateBound.boundsWeights());
  }

  /** Whether the norms of single updates may be shown. */
  public boolean showsNorms() {
    return protection == null || protection.showsNorms();
  }
}
