package io.fedstep.optim;

import io.fedstep.plugin.Need;
import io.fedstep.plugin.Ranges;
import io.fedstep.plugin.Setting;
import io.fedstep.plugin.Settings;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tensor;
import io.fedstep.vector.Tile;
import java.util.List;
import java.util.Set;

/**
 * Clipping of each tensor's L2 norm: {@code out = g * min(1 / (norm / max_norm), 1)}, as declearn's
 * {@code L2Clipping} computes it (R. Pascanu et al., On the difficulty of training Recurrent Neural
 * Networks, 2013).
 *
 * @param maxNorm the largest norm that stays, above 0
 */
public record L2Clipping(double maxNorm) implements OptiModule {
  /** declearn's defaults. */
  public static final L2Clipping DEFAULT = new L2Clipping(1);

  /** Checks the range. */
  public L2Clipping {
    Ranges.above("max_norm", maxNorm);
  }

  @Override
  public String name() {
    return "l2-clipping";
  }

  @Override
  public List<Setting> config() {
    return List.of(new Setting("max_norm", maxNorm));
  }

  @Override
  public L2Clipping with(Settings settings) {
    return new L2Clipping(settings.number("max_norm", maxNorm));
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
    Range range = context.range();
    TensorNorms norms = context.norms();
    for (int i = norms.layout().indexAt(range.from()); i < norms.squares().size(); i++) {
      Tensor tensor = norms.layout().tensors().get(i);
      if (tensor.offset() >= range.end()) {
        break;
      }
      long from = Math.max(tensor.offset(), range.from());
      long end = Math.min(tensor.end(), range.end());
      Clip.to(maxNorm, norms.squares().get(i))
          .scale(gradient, (int) (from - range.from()), (int) (end - range.from()));
    }
  }
}
