package io.fedstep.optim;

import io.fedstep.plugin.Need;
import io.fedstep.plugin.Ranges;
import io.fedstep.plugin.Rate;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tile;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

/**
 * declearn's {@code Optimizer}: regularizers, a chain of modules, a learning rate and a decoupled
 * weight decay.
 *
 * @param lrate learning rate; a number is finite and above 0
 * @param weightDecay share of the weights subtracted at each step; a number is finite and at least
 *     0
 * @param regularizers run in order, before the modules
 * @param modules run in order
 */
public record Optimizer(
    Rate lrate, Rate weightDecay, List<Regularizer> regularizers, List<OptiModule> modules) {
  /** The optimizer of a model that names none: a learning rate of 0.01 and RMSProp. */
  public static final Optimizer DEFAULT = new Optimizer(0.01, 0, List.of(RmsProp.DEFAULT));

  /** The one of tensors that are only averaged: {@code w = w + (-g)}. */
  public static final Optimizer PLAIN = new Optimizer(1, 0, List.of());

  /** Checks the ranges. */
  public Optimizer {
    if (lrate instanceof Rate.Fixed(double value)) {
      Ranges.above("lrate", value);
    }
    if (weightDecay instanceof Rate.Fixed(double value)) {
      Ranges.atLeastZero("w_decay", value);
    }
    regularizers = List.copyOf(regularizers);
    modules = List.copyOf(modules);
    if (Collections.frequency(modules, ScaffoldServer.DEFAULT) > 1) {
      throw new IllegalArgumentException("modules has scaffold-server twice");
    }
  }

  /** One with fixed rates and without regularizers. */
  public Optimizer(double lrate, double weightDecay, List<OptiModule> modules) {
    this(new Rate.Fixed(lrate), new Rate.Fixed(weightDecay), List.of(), modules);
  }

  /** Whether its state has the sum of clients' controls. */
  public boolean hasControls() {
    return modules.contains(ScaffoldServer.DEFAULT);
  }

  /**
   * A run of modules that need nothing of other slices once the pass has begun.
   *
   * @param from the first
   * @param end the one after the last
   * @param begins whether it is the step's first pass
   * @param ends whether it is the step's last pass
   */
  public record Pass(int from, int end, boolean begins, boolean ends) {}

  /** The passes over all coordinates that a step takes: one, and one for each that needs norms. */
  public List<Pass> passes() {
    var passes = new ArrayList<Pass>();
    int from = 0;
    for (int i = 0; i < modules.size(); i++) {
      if (modules.get(i).needs().contains(Need.GRADIENT_NORMS)) {
        passes.add(new Pass(from, i, passes.isEmpty(), false));
        from = i;
      }
    }
    passes.add(new Pass(from, modules.size(), passes.isEmpty(), true));
    return passes;
  }

  /** Every module's state vectors before the first step, {@code length} values of each. */
  public List<List<Tile>> zeros(Dtype dtype, int length) {
    return modules.stream().map(module -> zeros(dtype, length, module.vectors())).toList();
  }

  private static List<Tile> zeros(Dtype dtype, int length, int count) {
    return Stream.generate(() -> Tile.zeros(dtype, length)).limit(count).toList();
  }

  /** Adds what the regularizers make of a slice of the weights to a slice of the gradient. */
  public void regularize(Tile gradient, Tile weights) {
    regularizers.forEach(regularizer -> regularizer.run(gradient, weights));
  }

  /**
   * Runs a pass's modules on a slice of the gradient, in place.
   *
   * @param state the same slice of every module's state
   * @param norms of the pass's whole input
   */
  public void precondition(
      Pass pass,
      Tile gradient,
      List<List<Tile>> state,
      StepContext.Step step,
      Range range,
      TensorNorms norms) {
    for (int i = pass.from; i < pass.end; i++) {
      modules.get(i).run(gradient, state.get(i), new StepContext(step, i, range, norms));
    }
  }

  /**
   * Moves a slice of the weights: {@code u = lrate * g + w_decay * w; w = w + (-u)}.
   *
   * @param gradient what the last module gave
   * @param weights in: before the step; out: after it
   * @param round which gives the rates
   * @param step out: {@code u}
   */
  public void apply(Tile gradient, Tile weights, long round, Tile step) {
    apply(gradient, weights, round, step, 0, gradient.length());
  }

  /** The same for the coordinates of the slice from {@code from} up to {@code end}. */
  public void apply(Tile gradient, Tile weights, long round, Tile step, int from, int end) {
    double rate = lrate.at(round);
    double decay = weightDecay.at(round);
    gradient.run(
        weights,
        step,
        (g, w, u, _) -> apply(rate, decay, g, w, u, from, end),
        (g, w, u, _) -> apply(rate, decay, g, w, u, from, end));
  }

  private static void apply(
      double lrate,
      double share,
      float[] gradient,
      float[] weights,
      float[] steps,
      int from,
      int end) {
    float rate = (float) lrate;
    float decay = (float) share;
    boolean decays = share != 0;
    for (int i = from; i < end; i++) {
      float step = rate * gradient[i];
      if (decays) { // declearn leaves the term out, which keeps the sign of zeros
        step += decay * weights[i];
      }
      steps[i] = step;
      weights[i] += -step;
    }
  }

  private static void apply(
      double rate,
      double decay,
      double[] gradient,
      double[] weights,
      double[] steps,
      int from,
      int end) {
    boolean decays = decay != 0;
    for (int i = from; i < end; i++) {
      double step = rate * gradient[i];
      if (decays) {
        step += decay * weights[i];
      }
      steps[i] = step;
      weights[i] += -step;
    }
  }
}
