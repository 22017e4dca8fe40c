package io.fedstep.codec;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fedstep.aggregate.Averaging;
import io.fedstep.model.ModelSpec;
import io.fedstep.model.RoundPolicy;
import io.fedstep.optim.Optimizer;
import io.fedstep.optim.RmsProp;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.TensorLayout;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Specs for tests. */
final class Specs {
  private Specs() {}

  static ModelSpec spec(Dtype dtype, Map<String, List<Long>> shapes) {
    return new ModelSpec(
        new TensorLayout(shapes),
        dtype,
        new Optimizer(1, 0, List.of(RmsProp.DEFAULT)),
        new Averaging(true),
        null,
        RoundPolicy.DEFAULT);
  }

  /** Tensors of those sizes, named t0, t1 … */
  static ModelSpec sized(Dtype dtype, long... sizes) {
    var shapes = new LinkedHashMap<String, List<Long>>();
    for (long size : sizes) {
      shapes.put("t" + shapes.size(), List.of(size));
    }
    return spec(dtype, shapes);
  }

  static InputStream in(String text) {
    return new ByteArrayInputStream(text.getBytes(UTF_8));
  }
}
