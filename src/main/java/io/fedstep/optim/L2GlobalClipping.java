package io.fedstep.optim;

import io.fedstep.plugin.Need;
import io.fedstep.plugin.Ranges;
import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import io.fedstep.vector.Tile;
import java.util.List;
import java.util.Set;

/**
 * Clipping of the whole gradient's L2 norm: {@code out = g * min(1 / (norm / max_norm), 1)}, as
 * declearn's {@code L2GlobalClipping} computes it (R. Pascanu et al., On the difficulty of training
 * Recurrent Neural Networks, 2013).
 *
 * @param maxNorm the largest norm that stays, above 0
 */
public record L2GlobalClipping(double maxNorm) implements OptiModule {
  /** declearn's defaults. */
  public static final L2GlobalClipping DEFAULT = new L2GlobalClipping(1);

  /** Checks the range. */
  public L2GlobalClipping {
    Ranges.above("max_norm", maxNorm);
  }

  @Override
  public String name() {
    return "l2-global-clipping";
  }

  @Override
  public List<Setting> config() {
    return List.of(new Setting("max_norm", maxNorm));
  }

  @Override
  public L2GlobalClipping with(Settings settings) {
    return new L2GlobalClipping(settings.number("max_norm", maxNorm));
  }

  @Override
  public List<StateEntry> state() {
    return List.of();
  }

  @Override
  public Set<Need> needs() {
    return Set.of(Need.GRADIENT_NORMS);
  }

  @Override
  public void run(Tile gradient, List<Tile> state, StepContext context) {
    double sum = context.norms().sum(gradient.dtype());
    Clip.to(maxNorm, sum).scale(gradient, 0, gradient.length());
  }
}
