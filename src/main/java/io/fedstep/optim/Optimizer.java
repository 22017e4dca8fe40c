package io.fedstep.optim;

import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Tile;
import java.util.List;

/**
 * declearn's {@code Optimizer}: a chain of modules, a learning rate and a decoupled weight decay.
 *
 * @param lrate learning rate, finite and above 0
 * @param weightDecay share of the weights subtracted at each step, finite and at least 0
 * @param modules run in order
 */
public record Optimizer(double lrate, double weightDecay, List<OptiModule> modules) {
  /** What a model gets that names none: a learning rate of 0.01 and RMSProp. */
  public static final Optimizer DEFAULT = new Optimizer(0.01, 0, List.of(RmsProp.DEFAULT));

  /** Checks the ranges. */
  public Optimizer {
    if (!(lrate > 0 && Double.isFinite(lrate))) {
      throw new IllegalArgumentException(
          "lrate is %s; a finite lrate > 0 is needed".formatted(lrate));
    }
    if (!(weightDecay >= 0 && Double.isFinite(weightDecay))) {
      throw new IllegalArgumentException(
          "w_decay is %s; a finite w_decay >= 0 is needed".formatted(weightDecay));
    }
    modules = List.copyOf(modules);
  }

  /** Every module's state vectors before the first step, {@code length} values of each. */
  public List<List<Tile>> zeros(Dtype dtype, int length) {
    return modules.stream()
        .map(module -> module.stateKeys().stream().map(_ -> Tile.zeros(dtype, length)).toList())
        .toList();
  }

  /** Runs the modules on a slice of the gradient, in place, each with its slice of the state. */
  public void precondition(Tile gradient, List<List<Tile>> state) {
    for (int i = 0; i < modules.size(); i++) {
      modules.get(i).run(gradient, state.get(i));
    }
  }

  /**
   * Moves a slice of the weights: {@code u = lrate * g + w_decay * w; w = w + (-u)}.
   *
   * @param gradient what the last module gave
   * @param weights in: before the step; out: after it
   * @param step out: {@code u}
   */
  public void apply(Tile gradient, Tile weights, Tile step) {
    int length = gradient.length();
    switch (gradient) {
      case FloatTile(float[] g, int _) ->
          apply(g, ((FloatTile) weights).values(), ((FloatTile) step).values(), length);
      case DoubleTile(double[] g, int _) ->
          apply(g, ((DoubleTile) weights).values(), ((DoubleTile) step).values(), length);
    }
  }

  private void apply(float[] gradient, float[] weights, float[] steps, int length) {
    float rate = (float) lrate;
    float decay = (float) weightDecay;
    boolean decays = weightDecay != 0;
    for (int i = 0; i < length; i++) {
      float step = rate * gradient[i];
      if (decays) { // declearn leaves the term out, which keeps the sign of zeros
        step += decay * weights[i];
      }
      steps[i] = step;
      weights[i] += -step;
    }
  }

  private void apply(double[] gradient, double[] weights, double[] steps, int length) {
    boolean decays = weightDecay != 0;
    for (int i = 0; i < length; i++) {
      double step = lrate * gradient[i];
      if (decays) {
        step += weightDecay * weights[i];
      }
      steps[i] = step;
      weights[i] += -step;
    }
  }
}
