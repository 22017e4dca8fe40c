package io.fedstep.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a run measures.
 *
 * @param scale share of the full sizes, for weak machines; 0 in the test, which measures nothing
 * @param repeats how many turns each work and each peer has
 * @param folder where servers and peers keep their files
 * @param jvm options of the server under test, such as a profiler
 * @param shared the server under test; if null, each row has one of its own
 * @param progress told what was measured, as soon as it was
 */
record Bench(
    double scale,
    int repeats,
    Path folder,
    List<String> jvm,
    @Nullable Subject shared,
    Consumer<String> progress) {
  /** A size in this run. */
  int size(int full, int least) {
    return (int) Math.max(least, full * scale);
  }

  /** So many turns come before those that count. */
  int warmUps(int full) {
    return scale == 0 ? 0 : full;
  }

  /** A server that listens; to be closed. */
  Subject subject() throws IOException {
    return shared != null ? shared.borrowed() : Subject.start(this);
  }
}
