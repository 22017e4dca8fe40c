package io.fedstep.optim;

import io.fedstep.plugin.Rate;
import java.util.List;

/** The schedules that a rate can follow. */
public final class KnownSchedules {
  /** One of each; a config has to give what has no default. */
  public static final List<Schedule> ALL =
      List.of(
          new Decays.Constant(1),
          new Decays.Exponential(1, 1, true),
          new Decays.Inverse(1, 1, true),
          new Decays.Linear(1, 1, true),
          new Decays.Piecewise(1, 1, 1, true),
          new Decays.Polynomial(1, 1, 1, true),
          new Cycles.Cosine(0, 1, 1, true),
          new Cycles.WarmRestarts(0, 1, 1, 1, true),
          new Cycles.Triangular(0, 1, 1, false),
          new Cycles.ExpRange(0, 1, 1, 1),
          new Warmup("warmup", new Rate.Fixed(1), 1),
          new Warmup("warmup-rounds", new Rate.Fixed(1), 1));

  private KnownSchedules() {}
}
