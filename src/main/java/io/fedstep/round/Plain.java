package io.fedstep.round;

import io.fedstep.model.ModelSpec;
import io.fedstep.model.RoundPolicy;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The protocol of one stage: clients send updates in the clear, in rounds of the policy's mode.
 *
 * @param row an update's numbers
 * @param isSampled whether its rounds end because of no number ({@link ModelSpec#isSampled})
 */
public record Plain(Payload.Row row, boolean isSampled) implements Protocol {
  /** The protocol of a model. */
  public static Plain of(ModelSpec spec) {
    return new Plain(Payload.Row.of(spec), spec.isSampled());
  }

  @Override
  public List<Stage> stages() {
    return List.of(new Stage(Course.PLAIN.stages().getFirst(), row));
  }

  @Override
  public Course course() {
    return Course.PLAIN;
  }

  @Override
  public Quorum first(RoundPolicy policy) {
    return isSampled ? Quorum.ofDrawn(policy) : Quorum.of(policy);
  }

  @Override
  public Quorum later(int stage, Members members, RoundPolicy policy) {
    throw new IllegalStateException("there is no later stage");
  }

  @Override
  public @Nullable WordSums sums(Round round, Basis basis) {
    return null;
  }
}
