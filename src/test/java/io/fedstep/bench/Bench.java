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
  private static final int SMALL_ROUNDS = 500;

  /** Whether rows are only shown to work, by servers that start cheaply. */
  boolean isTried() {
    return scale == 0;
  }

  /** A size in this run. */
  int size(int full, int least) {
    return (int) Math.max(least, full * scale);
  }

  /** So many turns come before those that count. */
  int warmUps(int full) {
    return isTried() ? 0 : full;
  }

  /** A server that listens; to be closed. */
  Subject subject() throws IOException {
    return shared != null ? shared.borrowed() : Subject.start(this);
  }

  /**
   * The same, which has had small rounds before: with a dozen requests a large round, the code
   * around what is measured would be interpreted and compiled for a hundred of them.
   */
  Subject usedSubject() throws Exception {
    Subject subject = subject();
    int rounds = warmUps(SMALL_ROUNDS);
    if (rounds > 0) {
      subject.run(rounds);
    }
    return subject;
  }
}
