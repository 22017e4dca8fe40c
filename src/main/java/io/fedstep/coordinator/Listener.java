package io.fedstep.coordinator;

import io.fedstep.round.RoundRecord;
import java.time.Duration;
import java.util.SortedMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Who is told of what happened, after it is durable. */
public interface Listener {
  /** Tells nobody. */
  Listener NONE = new Listener() {};

  /**
   * A model was created, or found at start, or is this process's to decide for from now on; told
   * before anything happens in it.
   *
   * @param status gives the model as it is; null if it could not be read
   */
  default void modelAdded(String model, @Nullable Supplier<ModelStatus> status) {}

  /** A model is there, and another process decides for it, from now on if this one did. */
  default void modelFollowed(String model) {}

  /** A model was deleted. */
  default void modelRemoved(String model) {}

  /**
   * A round ended.
   *
   * @param aggregation from the close to the whole next version being computed; zero if discarded
   * @param commit from then to the version's existence; zero if discarded
   */
  default void roundEnded(String model, RoundRecord round, Duration aggregation, Duration commit) {}

  /** A stage of a round that has several ended, the last one with its round. */
  default void stageEnded(String model, String stage, Duration lasted) {}

  /** Clients have reported of a version: the weighted means of what they measured, by metric. */
  default void reported(String model, SortedMap<String, Double> means) {}

  /** Metrics of an update or report were left out, because the names of others are kept. */
  default void metricsLeftOut(String model, int count) {}

  /** A deadline came with too few updates. */
  default void deadlinePassed(String model) {}

  /**
   * An update was answered, by whatever takes it from its client.
   *
   * @param model the name that was given, of a model that may not exist
   * @param outcome {@link #ACCEPTED}, {@link #DUPLICATE} or the problem's code
   * @param duration from the first byte to the answer
   * @param bytes of the body, as far as it was read
   */
  default void updateAnswered(String model, String outcome, Duration duration, long bytes) {}

  /** The outcome of an update that is in. */
  String ACCEPTED = "accepted";

  /** The outcome of a request that brought a part of an update. */
  String PAUSED = "paused";

  /** The outcome of an update that was in already. */
  String DUPLICATE = "duplicate";
}
