package io.fedstep.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** The benchmark works, in sizes that say nothing about speed. */
class PerformanceTest {
  @TestFactory
  Stream<DynamicTest> row_measuresWhatItSays(@TempDir Path folder) {
    var bench = new Bench(0, 1, folder, progress -> {});
    return Performance.rows().entrySet().stream()
        .map(row ->
            DynamicTest.dynamicTest(
                row.getKey(),
                () ->
                    assertThat(row.getValue().measure(bench))
                        .isNotEmpty()
                        .allMatch(line -> line.ours().isMeasured())
                        .allMatch(line -> line.theirs() == null || line.theirs().isMeasured())));
  }
}
