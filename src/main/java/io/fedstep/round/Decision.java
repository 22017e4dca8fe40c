package io.fedstep.round;

import java.time.Instant;
import java.util.List;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** A decision of a round. The journal lists them; replaying it gives the same round. */
public sealed interface Decision {
  /** A client's message is part of the round. */
  sealed interface Message extends Decision {
    /** Whose it is. */
    String client();

    /** When it came. */
    Instant receivedAt();

    /** How many messages its stage has with this one. */
    int count();
  }

  /**
   * An update is part of the round: the message of the stage with rows. One of words has the weight
   * 1, no metrics and the norm 0: what it says is hidden.
   *
   * @param row of the update matrix, where its numbers are
   * @param summary of its numbers
   * @param updates how many the round has with this one
   * @param staleness how many versions before the round's it was computed from
   * @param signature by which its client stands for what it says, or null
   * @param local how it was computed, in a model with SCAFFOLD; null in others
   */
  record Accepted(
      String client,
      int row,
      double weight,
      SortedMap<String, Double> metrics,
      VectorSummary summary,
      Instant receivedAt,
      int updates,
      long staleness,
      @Nullable String signature,
      @Nullable LocalRun local)
      implements Message, Measured {
    /** One without a signature, of a model without SCAFFOLD. */
    public Accepted(
        String client,
        int row,
        double weight,
        SortedMap<String, Double> metrics,
        VectorSummary summary,
        Instant receivedAt,
        int updates,
        long staleness) {
      this(client, row, weight, metrics, summary, receivedAt, updates, staleness, null, null);
    }

    /** A copy whose metrics share their names with others', without those beyond the bound. */
    public Accepted with(MetricNames names) {
      return new Accepted(
          client,
          row,
          weight,
          names.kept(metrics),
          summary,
          receivedAt,
          updates,
          staleness,
          signature,
          local);
    }

    @Override
    public int count() {
      return updates;
    }

    /** Broken by a corrupt journal alone. */
    public Accepted {
      if (row < 0 || !(weight > 0) || staleness < 0) {
        throw new IllegalArgumentException(
            "row %s, weight %s, staleness %s".formatted(row, weight, staleness));
      }
    }
  }

  /**
   * A deadline passed with too few updates, and the round's share of clients is doubled.
   *
   * @param policy which of the model's policies it was, by number: another one starts anew
   * @param times how many deadlines have passed under it, with this one
   */
  record Passed(long policy, int times, Instant at) implements Decision {}

  /**
   * A document is part of the round.
   *
   * @param answers how many the stage has with this one
   */
  record Answered(String stage, String client, String document, Instant receivedAt, int answers)
      implements Message {
    @Override
    public int count() {
      return answers;
    }
  }

  /**
   * A stage takes no more messages, and the next begins.
   *
   * @param minUpdates the policy's at that time
   * @param maxUpdates the same
   */
  record StageClosed(String stage, Cause by, Instant at, int minUpdates, int maxUpdates)
      implements Decision {}

  /** Training goes on after it was stopped, and a stage among members has its whole time again. */
  record StageResumed(String stage, Instant at) implements Decision {}

  /**
   * The round accepts no more updates; the next version is computed from those it has.
   *
   * @param noiseKey drawn for this close, or null where no step of it needs one
   */
  record Closed(Cause by, Instant at, @Nullable NoiseKey noiseKey) implements Decision {
    /** A close without noise. */
    public Closed(Cause by, Instant at) {
      this(by, at, null);
    }

    /** The same with a key. */
    public Closed with(NoiseKey key) {
      return new Closed(by, at, key);
    }

    /** The same as it may be kept and shown. */
    public Closed withoutKey() {
      return noiseKey == null ? this : new Closed(by, at);
    }
  }

  /**
   * The round ends without a result: the next version repeats the one before.
   *
   * @param stage the one that did not get as many messages as it needs, or got more than it has
   *     places for
   * @param missing the members from whom none came, in the order of their names
   * @param unopened the members whose secrets did not check out
   */
  record Abandoned(Closed close, String stage, List<String> missing, List<String> unopened)
      implements Decision {}

  /** Why a round, or a stage, was closed. */
  enum Cause {
    MAX_UPDATES,
    DEADLINE,
    MANUAL,
    /** All members have answered. */
    ANSWERS
  }
}
