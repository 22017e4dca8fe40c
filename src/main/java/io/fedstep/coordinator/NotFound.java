package io.fedstep.coordinator;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;

/** The refusals for parts of a model that are not there. */
public final class NotFound {
  private NotFound() {}

  /** For a model. */
  public static Refusal model(String model) {
    return Refusal.of(Problem.MODEL_NOT_FOUND, "There is no model '%s'.".formatted(model));
  }

  /** For a deleted model, which is not kept, or not any more. */
  public static Refusal deleted(String model) {
    return Refusal.of(
        Problem.MODEL_NOT_FOUND,
        "No deleted model '%s' is kept (fedstep.keep-deleted; on several machines none is)."
            .formatted(model));
  }

  /** For a version. */
  public static Refusal version(String model, long number) {
    return Refusal.of(
        Problem.VERSION_NOT_FOUND,
        "Model '%s' has no version %s, or keeps it no more.".formatted(model, number));
  }

  /** For a round, or its record. */
  public static Refusal record(String model, long round) {
    return Refusal.of(
        Problem.ROUND_NOT_FOUND,
        "Model '%s' has no round %s, or keeps its record no more.".formatted(model, round));
  }

  /** For what only secure models have. */
  public static Refusal secure(String model) {
    return Refusal.of(
        Problem.NOT_FOUND, "Model '%s' is not secure: its spec has no secure.".formatted(model));
  }

  /** For a stage that takes documents. */
  public static Refusal documents(String model, String stage) {
    return Refusal.of(
        Problem.NOT_FOUND,
        "The rounds of model '%s' have no stage '%s' that takes documents."
            .formatted(model, stage));
  }
}
