package io.fedstep.optim;

import java.util.List;

/** The regularizers that a model can ask for. */
public final class KnownRegularizers {
  /** Each with its defaults. */
  public static final List<Regularizer> ALL = List.of(Lasso.DEFAULT, Ridge.DEFAULT);

  private KnownRegularizers() {}
}
