package io.fedstep.coordinator;

import static java.util.stream.Collectors.joining;

import io.fedstep.codec.CopySpec;
import io.fedstep.codec.LayoutCodec;
import io.fedstep.codec.NewSpec;
import io.fedstep.codec.SpecDifferences;
import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Protocol;
import io.fedstep.store.ModelHead;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * What a server asks of new models, and the heads that it gives them.
 *
 * @param incarnations gives 8 random hex digits, others each time
 */
public record NewModels(Limits limits, InstantSource clock, Supplier<String> incarnations) {
  /** Draws of 8 hex digits that make a model's secret. */
  private static final int SECRET = 5;

  /** Checks that a model may be one more of {@code models}. */
  public void check(ModelSpec spec, int models) {
    LayoutCodec.checkNew(spec.layout());
    ChangeRules.checkNew(spec.round());
    if (spec.parameters() > limits.maxParameters()) {
      throw Refusal.of(
              Problem.TOO_LARGE,
              "The model has %s parameters; this server takes %s (fedstep.max-parameters)."
                  .formatted(spec.parameters(), limits.maxParameters()))
          .with("expected", limits.maxParameters())
          .with("actual", spec.parameters())
          .exception();
    }
    checkNumber(models);
  }

  /** Checks that there may be one more than {@code models}. */
  public void checkNumber(int models) {
    if (models >= limits.models()) {
      throw Refusal.of(
              Problem.TOO_MANY_REQUESTS,
              "There are %s models (fedstep.limits.models); delete one first."
                  .formatted(limits.models()))
          .retryAfter(60)
          .exception();
    }
  }

  /** Checks that a protocol is one that several machines can run. */
  public static void checkOneStage(Protocol protocol) {
    if (protocol.stages().size() > 1) {
      throw Refusal.of(
              Problem.BAD_SPEC,
              "A round of this model has the stages %s; on several machines (fedstep.engine=kafka)"
                      .formatted(protocol.course().stages())
                  + " it can have one.")
          .exception();
    }
  }

  /** Checks that a model asks for nothing that one machine alone can do. */
  public static void checkForSeveral(ModelSpec spec) {
    if (spec.secure() != null) {
      throw forOneMachine("In 'secure': it").exception();
    }
    if (spec.hasControls()) {
      throw forOneMachine("In 'optimizer.modules': scaffold-server").exception();
    }
  }

  /** The refusal of what one machine alone can do, which begins a sentence. */
  static Refusal forOneMachine(String what) {
    return Refusal.of(
        Problem.BAD_SPEC,
        what
            + " is for one machine (fedstep.engine=local), not for several"
            + " (fedstep.engine=kafka).");
  }

  /** The head of a new model. */
  public ModelHead head(String model, NewSpec asked) {
    String incarnation = incarnations.get();
    String secret = Stream.generate(incarnations).limit(SECRET).collect(joining());
    return new ModelHead(model, incarnation, clock.instant(), asked.spec(), false, -1, secret)
        .with(asked.metadata());
  }

  /** The refusal for a model that is there with another spec. */
  public static Refusal exists(String model, ModelSpec now, ModelSpec asked) {
    List<String> differs = SpecDifferences.of(now, asked);
    return Refusal.of(
            Problem.MODEL_EXISTS,
            "Model '%s' exists with another spec; what differs: %s."
                .formatted(model, String.join(", ", differs)))
        .with("differs", differs);
  }

  /** The refusal for a model that is there and was not made by that copying. */
  public static Refusal notCopied(String model) {
    return Refusal.of(
            Problem.MODEL_EXISTS,
            "Model '%s' exists, and was not made by this request; what differs: %s."
                .formatted(model, CopySpec.FROM))
        .with("differs", List.of(CopySpec.FROM));
  }
}
