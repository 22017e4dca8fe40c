package io.fedstep.model;

import io.fedstep.aggregate.Aggregator;
import io.fedstep.aggregate.Averaging;
import io.fedstep.optim.Optimizer;
import io.fedstep.plugin.Need;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.TensorLayout;
import org.jspecify.annotations.Nullable;

/**
 * Everything that was asked for when a model was created, defaults filled in.
 *
 * @param updateBound the largest norm and weight of an update, or null for any
 * @param protection what is done to the sums of updates before they are seen, or null for nothing
 * @param requiresWeights whether nothing happens before its first weights are set
 * @param keepBest by what the best version is known, or null where none is chosen
 * @param secure how updates are hidden, or null where they come in the clear
 */
public record ModelSpec(
    TensorLayout layout,
    Dtype dtype,
    Optimizer optimizer,
    Aggregator aggregator,
    @Nullable UpdateBound updateBound,
    @Nullable Protection protection,
    RoundPolicy round,
    boolean requiresWeights,
    @Nullable KeepBest keepBest,
    @Nullable SecureAggregation secure)
    implements SpecParts {
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
      RoundPolicy round,
      boolean requiresWeights,
      @Nullable KeepBest keepBest,
      @Nullable SecureAggregation secure) {
    this.layout = layout;
    this.dtype = dtype;
    this.optimizer = optimizer;
    this.aggregator = aggregator;
    this.updateBound = updateBound;
    this.protection = protection;
    this.round = round;
    this.requiresWeights = requiresWeights;
    this.keepBest = keepBest;
    this.secure = secure;
    SpecRules.OF_SPECS.forEach(rule -> rule.check(this));
    if (protection != null) {
      protection.rules().forEach(rule -> rule.check(this));
    }
    if (protection instanceof DifferentialPrivacy privacy) {
      var both = new PrivacyRules.Private(privacy, this);
      PrivacyRules.OF_SPECS.forEach(rule -> rule.check(both));
    }
    SecureRules.OF_SPECS.forEach(rule -> rule.check(this));
    ScaffoldRules.OF_SPECS.forEach(rule -> rule.check(this));
  }

  /** A spec of a model that begins with zeros. */
  public ModelSpec(
      TensorLayout layout,
      Dtype dtype,
      Optimizer optimizer,
      Aggregator aggregator,
      @Nullable UpdateBound updateBound,
      @Nullable Protection protection,
      RoundPolicy round) {
    this(layout, dtype, optimizer, aggregator, updateBound, protection, round, false, null, null);
  }

  /** A spec without protection, of a model that begins with zeros. */
  public ModelSpec(
      TensorLayout layout,
      Dtype dtype,
      Optimizer optimizer,
      Aggregator aggregator,
      @Nullable UpdateBound updateBound,
      RoundPolicy round) {
    this(layout, dtype, optimizer, aggregator, updateBound, null, round);
  }

  @Override
  public long parameters() {
    return layout.size();
  }

  @Override
  public boolean isProtected() {
    return protection != null;
  }

  @Override
  public boolean hasMemberNoise() {
    return memberNoise() != null;
  }

  /** The bytes of the flat vector. */
  public long vectorBytes() {
    return parameters() * dtype.bytes();
  }

  private ModelSpec with(
      Optimizer step, Aggregator rule, @Nullable UpdateBound bound, RoundPolicy policy) {
    return new ModelSpec(
        layout, dtype, step, rule, bound, protection, policy, requiresWeights, keepBest, secure);
  }

  /** This spec of a model that has the stepped tensors alone. */
  public ModelSpec stepped() {
    return new ModelSpec(
        layout.stepped(),
        dtype,
        optimizer,
        aggregator,
        updateBound,
        protection,
        round,
        requiresWeights,
        keepBest,
        secure);
  }

  /** This spec with another protection. */
  public ModelSpec with(Protection other) {
    return new ModelSpec(
        layout,
        dtype,
        optimizer,
        aggregator,
        updateBound,
        other,
        round,
        requiresWeights,
        keepBest,
        secure);
  }

  /** This spec with another round policy. */
  public ModelSpec with(RoundPolicy policy) {
    return with(optimizer, aggregator, updateBound, policy);
  }

  /** This spec with other hyper-parameters. */
  public ModelSpec with(Optimizer other) {
    return with(other, aggregator, updateBound, round);
  }

  /** This spec with another rule of aggregation. */
  public ModelSpec with(Aggregator other) {
    return with(optimizer, other, updateBound, round);
  }

  /** This spec with another bound on updates, or without one. */
  public ModelSpec bounded(@Nullable UpdateBound other) {
    return with(optimizer, aggregator, other, round);
  }

  /** This spec of a model that waits for its first weights, or begins with zeros. */
  public ModelSpec requiringWeights(boolean required) {
    return new ModelSpec(
        layout,
        dtype,
        optimizer,
        aggregator,
        updateBound,
        protection,
        round,
        required,
        keepBest,
        secure);
  }

  /** This spec, with which the best version is known by other means, or none is chosen. */
  public ModelSpec keeping(@Nullable KeepBest other) {
    return new ModelSpec(
        layout,
        dtype,
        optimizer,
        aggregator,
        updateBound,
        protection,
        round,
        requiresWeights,
        other,
        secure);
  }

  /** How many reports the best version has at least. */
  public int leastReports() {
    Integer least = keepBest == null ? null : keepBest.minReports();
    return least == null ? round.minUpdates() : least;
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

  /** Whether what its rounds cost of its clients' privacy is counted. */
  public boolean isPrivate() {
    return protection instanceof DifferentialPrivacy;
  }

  /** The noise that clients add themselves, or null. */
  public @Nullable DifferentialPrivacy memberNoise() {
    return protection instanceof DifferentialPrivacy privacy && privacy.isByClients()
        ? privacy
        : null;
  }

  /**
   * Whether clients are drawn by chance, and it has to be hidden who takes part in a round: that is
   * why its noise costs less.
   */
  public boolean isSampled() {
    return isPrivate() && secure == null && round.participation() < 1;
  }

  /** Whether its clients and versions have SCAFFOLD's controls. */
  public boolean hasControls() {
    return optimizer.hasControls();
  }

  /** Whether each close needs secret bytes of its own. */
  public boolean needsKey() {
    return protection != null && protection.needs().contains(Need.KEY);
  }

  /** Whether the norms of single updates may be shown. */
  public boolean showsNorms() {
    return secure == null && (protection == null || protection.showsNorms());
  }
}
