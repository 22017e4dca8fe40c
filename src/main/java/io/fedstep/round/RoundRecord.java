package io.fedstep.round;

import io.fedstep.model.ModelSpec;
import java.time.Instant;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is kept of a round that is over.
 *
 * @param base the tag of the weights that it trained from
 * @param spec the model's spec when it ended: the policy and the hyper-parameters used
 * @param closedBy null if it was discarded
 * @param endedAt when its version was made
 * @param clients its updates, in client-id order
 * @param gradientNorm L2 norm of the aggregated gradient; null if there is none
 * @param stepNorm L2 norm of what was subtracted from the weights; null if nothing was
 */
public record RoundRecord(
    long round,
    Outcome outcome,
    String base,
    ModelSpec spec,
    Instant openedAt,
    Decision.@Nullable Closed closedBy,
    Instant endedAt,
    List<Decision.Accepted> clients,
    @Nullable Double gradientNorm,
    @Nullable Double stepNorm) {
  /** How a round ended. */
  public enum Outcome {
    COMPLETED,
    NOT_FINITE,
    DISCARDED
  }

  /** The sum of the updates' weights. */
  public double totalWeight() {
    return clients.stream().mapToDouble(Decision.Accepted::weight).sum();
  }

  /** The means of the metrics, weighted by the updates' weights, over those who sent them. */
  public SortedMap<String, Double> metrics() {
    var sums = new TreeMap<String, Double>();
    var weights = new TreeMap<String, Double>();
    for (Decision.Accepted update : clients) {
      update
          .metrics()
          .forEach((name, value) -> {
            sums.merge(name, update.weight() * value, Double::sum);
            weights.merge(name, update.weight(), Double::sum);
          });
    }
    sums.replaceAll((name, sum) -> sum / weights.getOrDefault(name, 1.0));
    return sums;
  }

  /**
   * The update that a client computed from a version, or null; those of a discarded round count
   * nowhere.
   */
  public Decision.@Nullable Accepted update(String client, long from) {
    return outcome == Outcome.DISCARDED
        ? null
        : clients.stream()
            .filter(one -> one.client().equals(client) && round - one.staleness() == from)
            .findFirst()
            .orElse(null);
  }
}
