package io.fedstep.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.aggregate.Aggregator;
import io.fedstep.aggregate.KnownAggregators;
import io.fedstep.optim.KnownModules;
import io.fedstep.optim.KnownRegularizers;
import io.fedstep.optim.KnownSchedules;
import io.fedstep.plugin.Plugin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** docs/ALGORITHMS.md has a row with the keys of whatever a spec can name. */
class AlgorithmsTest {
  private static final String SAME = "| as `"; // another row has its keys

  /** A name with the keys of its config. */
  record Known(String name, Set<String> keys) {}

  static Stream<Named<Known>> known() {
    return Stream.concat(
            Stream.of(KnownModules.ALL, KnownRegularizers.ALL, KnownSchedules.ALL)
                .flatMap(Collection::stream)
                .map((Plugin<?> one) -> new Known(one.name(), one.keys())),
            KnownAggregators.ALL.stream()
                .map((Aggregator one) -> new Known(one.name(), one.keys())))
        .map(one -> Named.of(one.name(), one));
  }

  @ParameterizedTest
  @MethodSource("known")
  void algorithm_hasARowWithItsKeys(Known known) throws IOException {
    List<String> rows =
        Files.readAllLines(Path.of("docs/ALGORITHMS.md")).stream()
            .filter(line -> line.startsWith("| "))
            .filter(line -> line.split("\\|", 3)[1].contains("`" + known.name() + "`"))
            .filter(line -> known.keys().stream().allMatch(key -> has(line, key)))
            .toList();
    assertThat(rows).isNotEmpty();
  }

  private static boolean has(String row, String key) {
    return row.contains("`" + key + "`") || row.contains(SAME);
  }
}
