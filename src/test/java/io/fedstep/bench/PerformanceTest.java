package io.fedstep.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.fedstep.process.BesideOthers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** The benchmark works, in sizes that say nothing about speed. */
@BesideOthers
@Order(2)
@SuppressWarnings("NullAway.Init") // by JUnit
class PerformanceTest {
  /** Sizes that only a run in full has. */
  private static final String FULL = "10\\^|\\d MB|6,400|1,000 (idle )?models|64 × .* words";

  @TempDir private static Path folder;
  private static Subject shared;

  @BeforeAll
  static void start() throws IOException {
    shared = Subject.start(tiny(null));
  }

  @AfterAll
  static void end() throws IOException {
    shared.close();
  }

  private static Bench tiny(@Nullable Subject subject) {
    return new Bench(0, 1, folder, List.of(), subject, progress -> {});
  }

  @TestFactory
  Stream<DynamicTest> row_isMeasuredAndRight() {
    return Performance.rows().entrySet().stream()
        .map(row -> DynamicTest.dynamicTest(row.getKey(), () -> check(row.getValue())));
  }

  private static void check(Row row) throws Exception {
    List<Line> lines = row.measure(tiny(shared));
    assumeThat(lines).as("a tool is missing").isNotEmpty();
    for (Line line : lines) {
      assertThat(line.work()).as("sizes in full").doesNotContainPattern(FULL);
      assertThat(line.ours().isMeasured()).as(line.work()).isTrue();
      assertThat(line.theirs() == null || line.theirs().isMeasured()).as(line.peer()).isTrue();
    }
  }

  @Test
  void kernel_isMeasured() throws Exception {
    assertThat(Kernels.tryOut()).isNotEmpty().allMatch(result -> Kernels.nanoseconds(result) > 0);
  }
}
