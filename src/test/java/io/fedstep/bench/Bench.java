package io.fedstep.bench;

import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * How a run measures.
 *
 * @param scale share of the full sizes, for weak machines and for the test
 * @param repeats how many turns each work and each peer has
 * @param folder where servers and peers keep their files
 * @param progress told what was measured, as soon as it was
 */
record Bench(double scale, int repeats, Path folder, Consumer<String> progress) {
  /** A size in this run. */
  int size(int full, int least) {
    return (int) Math.max(least, full * scale);
  }
}
