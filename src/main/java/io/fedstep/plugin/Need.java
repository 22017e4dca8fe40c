package io.fedstep.plugin;

/** What a plug-in has to be given beside the values that it works on. */
public enum Need {
  /** The L2 norm of each update. */
  NORMS("norms of the updates"),
  /** The L2 distances between the updates: a pass over them of its own. */
  DISTANCES("distances between the updates"),
  /** How many updates there are, and what each of them counts. */
  COUNTS("counts"),
  /** The updates themselves, and the local rate of each. */
  LOCAL_RATES("updates with their local rates"),
  /** Secret bytes that are drawn for this close alone. */
  KEY("a key of the close"),
  /** The secret that a model has from its creation on. */
  SECRET("the model's secret"),
  /** The L2 norms of the gradient's tensors as the plug-in gets them: a pass of its own. */
  GRADIENT_NORMS("norms of the gradient");

  private final String label;

  Need(String label) {
    this.label = label;
  }

  /** What it is called in the documentation. */
  public String label() {
    return label;
  }
}
