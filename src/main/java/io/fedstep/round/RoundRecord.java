package io.fedstep.round;

import io.fedstep.model.ModelSpec;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * The record that is kept of a round that is over.
 *
 * @param base the tag of the weights that it trained from
 * @param spec the model's spec when it ended: the policy and the hyper-parameters used
 * @param participation the share of clients that was invited in the end
 * @param closedBy null if it was discarded
 * @param endedAt when its version was made
 * @param clients its updates, in client-id order
 * @param gradientNorm L2 norm of the aggregated gradient; null if there is none
 * @param stepNorm L2 norm of the step subtracted from the weights; null if there was none
 * @param reports what clients reported of its version, or null while that is kept
 * @param abandoned why it ended without a result, or null if it did not
 * @param epsilon of the client that has spent most after it, or null if that is not counted
 * @param masked what it has more of masked updates, or null of others
 */
public record RoundRecord(
    long round,
    Outcome outcome,
    String base,
    ModelSpec spec,
    double participation,
    Instant openedAt,
    Decision.@Nullable Closed closedBy,
    Instant endedAt,
    List<Decision.Accepted> clients,
    @Nullable Double gradientNorm,
    @Nullable Double stepNorm,
    @Nullable Reported reports,
    Decision.@Nullable Abandoned abandoned,
    @Nullable Double epsilon,
    @Nullable Masked masked) {
  /** A record of a round whose version is kept, and that was not abandoned. */
  public RoundRecord(
      long round,
      Outcome outcome,
      String base,
      ModelSpec spec,
      double participation,
      Instant openedAt,
      Decision.@Nullable Closed closedBy,
      Instant endedAt,
      List<Decision.Accepted> clients,
      @Nullable Double gradientNorm,
      @Nullable Double stepNorm) {
    this(
        round,
        outcome,
        base,
        spec,
        participation,
        openedAt,
        closedBy,
        endedAt,
        clients,
        gradientNorm,
        stepNorm,
        null,
        null,
        null,
        null);
  }

  /** This record with what clients reported of the round's version, which is kept no more. */
  public RoundRecord with(Reported reported) {
    return with(reported, epsilon, masked);
  }

  /** How a round ended. */
  public enum Outcome {
    COMPLETED,
    NOT_FINITE,
    DISCARDED,
    ABANDONED
  }

  /** The record of a round that ends with a version; a norm that is not finite becomes null. */
  public static RoundRecord of(
      Round round,
      Outcome outcome,
      ModelSpec spec,
      double participation,
      Instant endedAt,
      @Nullable Double gradientNorm,
      @Nullable Double stepNorm) {
    Decision.Closed closed = round.closed();
    return new RoundRecord(
        round.number(),
        outcome,
        round.base(),
        spec,
        participation,
        round.openedAt(),
        closed == null ? null : closed.withoutKey(),
        endedAt,
        round.inClientOrder(),
        finiteOrNull(gradientNorm),
        finiteOrNull(stepNorm),
        null,
        outcome == Outcome.ABANDONED ? round.abandoned() : null,
        null,
        null);
  }

  /** The same with what was spent after it. */
  public RoundRecord spent(@Nullable Double after) {
    return with(reports, after, masked);
  }

  /** The same with what it has more of masked updates. */
  public RoundRecord told(@Nullable Masked more) {
    return with(reports, epsilon, more);
  }

  /** The same of a round whose sums cannot be those of honest clients. */
  public RoundRecord abandonedAt(String stage) {
    Decision.Closed closed = Objects.requireNonNull(closedBy);
    return new RoundRecord(
        round,
        Outcome.ABANDONED,
        base,
        spec,
        participation,
        openedAt,
        closed,
        endedAt,
        clients,
        null,
        null,
        reports,
        new Decision.Abandoned(closed, stage, List.of(), List.of()),
        epsilon,
        masked);
  }

  private RoundRecord with(
      @Nullable Reported reported, @Nullable Double spent, @Nullable Masked more) {
    return new RoundRecord(
        round,
        outcome,
        base,
        spec,
        participation,
        openedAt,
        closedBy,
        endedAt,
        clients,
        gradientNorm,
        stepNorm,
        reported,
        abandoned,
        spent,
        more);
  }

  private static @Nullable Double finiteOrNull(@Nullable Double norm) {
    return norm != null && Double.isFinite(norm) ? norm : null;
  }

  /** Whether its updates were aggregated. */
  public boolean isAggregated() {
    return outcome != Outcome.DISCARDED && outcome != Outcome.ABANDONED;
  }

  /** Whether it was abandoned because of an update for which there was no place. */
  public boolean hadNoPlace() {
    return abandoned != null && abandoned.close().by() == Decision.Cause.MAX_UPDATES;
  }

  /** Whether the norms of its updates may be shown. */
  public boolean showsNorms() {
    return spec.showsNorms();
  }

  /** The sum of what the updates counted, or null where that is hidden and was not opened. */
  public @Nullable Double totalWeight() {
    if (masked != null) {
      return masked.totalWeight() == null ? null : (Double) masked.totalWeight().doubleValue();
    }
    return clients.stream().mapToDouble(this::effectiveWeight).sum();
  }

  private double effectiveWeight(Decision.Accepted update) {
    return spec.effectiveWeight(update.weight(), update.staleness());
  }

  /** The means of the metrics, weighted by what the updates counted, over those who sent them. */
  public SortedMap<String, Double> metrics() {
    return masked != null ? masked.metrics() : Measured.means(clients, this::effectiveWeight);
  }

  /** The update that a client computed from a version, or null; a discarded round has none. */
  public Decision.@Nullable Accepted update(String client, long from) {
    return outcome == Outcome.DISCARDED
        ? null
        : clients.stream()
            .filter(one -> one.client().equals(client) && round - one.staleness() == from)
            .findFirst()
            .orElse(null);
  }
}
