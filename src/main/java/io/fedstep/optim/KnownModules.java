package io.fedstep.optim;

import java.util.List;

/** The modules that a model can ask for. */
public final class KnownModules {
  /** Each with its defaults. */
  public static final List<OptiModule> ALL =
      List.of(
          AdaGrad.DEFAULT,
          Adam.DEFAULT,
          Ewma.DEFAULT,
          GaussianNoise.DEFAULT,
          L2Clipping.DEFAULT,
          L2GlobalClipping.DEFAULT,
          Momentum.DEFAULT,
          RmsProp.DEFAULT,
          ScaffoldServer.DEFAULT,
          Adam.YOGI,
          YogiMomentum.DEFAULT);

  private KnownModules() {}
}
