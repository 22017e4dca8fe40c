package io.fedstep.model;

import io.fedstep.aggregate.Aggregation;
import io.fedstep.aggregate.ClippedRows;
import io.fedstep.aggregate.Distances;
import io.fedstep.aggregate.Rows;
import io.fedstep.optim.StepContext;
import io.fedstep.vector.Tile;
import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The steps of one close ({@link CloseStep}), with what they need of its updates. It is shared by
 * threads, each of which has a {@link ServerStep} of its own.
 */
public final class CloseChain {
  private final ModelSpec spec;
  private final StepContext.Step context;
  private final double[] weights;
  private final double[] factors;
  private final boolean scales;
  private final Protection.@Nullable OfRound protection;
  private final @Nullable Controls controls;

  /**
   * What changes the sum of clients' controls.
   *
   * @param rates the local rate of each update, in the order of the rows
   * @param clients of how many the sum is before
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Controls(double[] rates, int clients) {}

  /**
   * The chain of a close.
   *
   * @param context which step of the optimizer it is
   * @param weights what each update counts, in the order of the rows
   * @param norms the L2 norm of each update as it came, in the same order
   * @param key secret bytes that are this close's alone; none where no step needs any
   * @param controls what changes the sum of clients' controls, or null where that does not change
   */
  public CloseChain(
      ModelSpec spec,
      StepContext.Step context,
      double[] weights,
      double[] norms,
      byte[] key,
      @Nullable Controls controls) {
    this.spec = spec;
    this.controls = controls;
    this.context = context;
    this.weights = weights.clone();
    UpdateBound bound = spec.updateBound();
    scales = bound != null && bound.scales();
    factors = bound == null ? new double[0] : Arrays.stream(norms).map(bound::factor).toArray();
    Protection asked = spec.protection();
    if (asked != null && spec.needsKey() && key.length == 0) {
      throw new IllegalStateException("no key for " + asked.name());
    }
    protection = asked == null ? null : asked.begin(spec.parameters(), norms.clone(), key.clone());
  }

  /** The chain of a close of a model without SCAFFOLD. */
  public CloseChain(
      ModelSpec spec, StepContext.Step context, double[] weights, double[] norms, byte[] key) {
    this(spec, context, weights, norms, key, null);
  }

  /** The updates of a range as the next step is to see them, from those that came. */
  public Rows bound(Rows rows) {
    return scales ? new ClippedRows(rows, factors, spec.dtype()) : rows;
  }

  /** Whether the distances between the updates have to be known before the chain begins. */
  public boolean needsDistances() {
    return protection == null && spec.aggregator().comparesAll(weights.length);
  }

  /**
   * Begins the steps, for one thread each time that it is asked.
   *
   * @param distances between the updates, where {@link #needsDistances}
   * @param most coordinates at a time
   */
  public Supplier<ServerStep> begin(Distances distances, int most) {
    if (protection != null) {
      return () -> step(new ProtectedSum(protection, spec.dtype(), most), most);
    }
    Supplier<Aggregation> rule = spec.aggregator().begin(weights, distances);
    return () -> {
      Aggregation own = rule.get();
      return step((_, rows, into) -> own.aggregate(rows, into), most);
    };
  }

  /** The same steps behind gradients that a protocol has made of its rows. */
  public static Supplier<ServerStep> begin(
      ModelSpec spec,
      StepContext.Step context,
      Supplier<ServerStep.Gradients> gradients,
      int most) {
    return () -> new ServerStep(spec, gradients.get(), context, null, most);
  }

  private ServerStep step(ServerStep.Gradients gradients, int most) {
    ControlSum sum =
        controls == null
            ? null
            : new ControlSum(
                controls.rates(),
                controls.clients(),
                Tile.zeros(spec.dtype(), most),
                Tile.zeros(spec.dtype(), most));
    return new ServerStep(spec, gradients, context, sum, most);
  }
}
