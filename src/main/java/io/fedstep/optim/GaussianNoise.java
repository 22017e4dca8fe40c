package io.fedstep.optim;

import io.fedstep.plugin.Need;
import io.fedstep.plugin.Ranges;
import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import io.fedstep.vector.Tile;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Adds independent normal values to every coordinate: {@code out = g + std * z}, each drawn in
 * double and rounded once (M. Abadi et al., Deep Learning with Differential Privacy, 2016; G. Box,
 * M. Muller, A Note on the Generation of Random Normal Deviates, 1958). {@code z} is a function of
 * the seed, the module's place, the version that the step makes and the coordinate, so that it does
 * not depend on slices and threads, and none comes twice.
 *
 * @param safeMode whether the bits are those of AES and not of Philox
 * @param seed or null for the model's secret one
 * @param std the standard deviation, finite, at least 0
 */
public record GaussianNoise(boolean safeMode, @Nullable Long seed, double std)
    implements OptiModule {
  /** declearn's defaults. */
  public static final GaussianNoise DEFAULT = new GaussianNoise(true, null, 1);

  /** Checks the range. */
  public GaussianNoise {
    Ranges.atLeastZero("std", std);
  }

  @Override
  public String name() {
    return "gaussian-noise";
  }

  @Override
  public List<Setting> config() {
    return List.of(
        new Setting("safe_mode", safeMode), new Setting("seed", seed), new Setting("std", std));
  }

  @Override
  public GaussianNoise with(Settings settings) {
    return new GaussianNoise(
        settings.flag("safe_mode", safeMode),
        settings.integerOrNull("seed"),
        settings.number("std", std));
  }

  @Override
  public Set<Need> needs() {
    return seed == null ? Set.of(Need.SECRET) : Set.of();
  }

  @Override
  public List<StateEntry> state() {
    return List.of();
  }

  @Override
  public void run(Tile gradient, List<Tile> state, StepContext context) {
    double[] normal = normal(context, gradient.length());
    gradient.run((g, length) -> add(g, normal, length), (g, length) -> add(g, normal, length));
  }

  private void add(float[] gradient, double[] normal, int length) {
    for (int i = 0; i < length; i++) {
      gradient[i] += (float) (std * normal[i]);
    }
  }

  private void add(double[] gradient, double[] normal, int length) {
    for (int i = 0; i < length; i++) {
      gradient[i] += std * normal[i];
    }
  }

  /** The standard normal values of a slice. A block of bits is for two coordinates. */
  private double[] normal(StepContext context, int length) {
    long first = context.range().from() / 2;
    int blocks = (int) ((context.range().from() + length + 1) / 2 - first);
    byte[] key =
        CounterBits.key(seed == null ? context.step().secret() : "" + seed, context.module());
    long version = context.step().version();
    long[] bits =
        safeMode
            ? CounterBits.aes(key, version, first, blocks)
            : CounterBits.philox(key, version, first, blocks);
    double[] normal = new double[2 * blocks];
    for (int i = 0; i < normal.length; i += 2) {
      double radius = StrictMath.sqrt(-2 * StrictMath.log(((bits[i] >>> 11) + 1) * 0x1p-53));
      double angle = 2 * Math.PI * ((bits[i + 1] >>> 11) * 0x1p-53);
      normal[i] = radius * StrictMath.cos(angle);
      normal[i + 1] = radius * StrictMath.sin(angle);
    }
    int skipped = (int) (context.range().from() % 2);
    return skipped == 0 ? normal : Arrays.copyOfRange(normal, 1, normal.length);
  }
}
