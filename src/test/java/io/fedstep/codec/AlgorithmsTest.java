package io.fedstep.codec;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.aggregate.Aggregator;
import io.fedstep.aggregate.Averaging;
import io.fedstep.aggregate.KnownAggregators;
import io.fedstep.model.CloseStep;
import io.fedstep.model.ModelSpec;
import io.fedstep.model.PrivacyRules;
import io.fedstep.model.RoundPolicy;
import io.fedstep.model.ScaffoldRules;
import io.fedstep.model.SecureRules;
import io.fedstep.model.SpecRule;
import io.fedstep.model.SpecRules;
import io.fedstep.model.UpdateBound;
import io.fedstep.optim.KnownModules;
import io.fedstep.optim.KnownRegularizers;
import io.fedstep.optim.KnownSchedules;
import io.fedstep.optim.Optimizer;
import io.fedstep.plugin.Need;
import io.fedstep.plugin.Plugin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * docs/ALGORITHMS.md has a row with the keys of whatever a spec can name, and what the code says of
 * a close and of what goes together; {@code -Dreference.write=true} writes the latter.
 */
class AlgorithmsTest {
  private static final Path ALGORITHMS = Path.of("docs/ALGORITHMS.md");
  private static final String BEGIN = "<!-- AlgorithmsTest writes from here -->\n";
  private static final String END = "<!-- to here -->\n";
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
        Files.readAllLines(ALGORITHMS).stream()
            .filter(line -> line.startsWith("| "))
            .filter(line -> line.split("\\|", 3)[1].contains("`" + known.name() + "`"))
            .filter(line -> known.keys().stream().allMatch(key -> has(line, key)))
            .toList();
    assertThat(rows).isNotEmpty();
  }

  private static boolean has(String row, String key) {
    return row.contains("`" + key + "`") || row.contains(SAME);
  }

  @Test
  void closes_areWhatTheCodeSays() throws IOException {
    String written =
        """
        ## A close

        Six steps, each for one range of coordinates after another, on all cores.

        | step | of the spec | what happens | what has to be known before |
        | --- | --- | --- | --- |
        %s
        ## What goes together

        A spec or a round policy that breaks one of these is 422 `bad-spec`, which names both keys.

        | keys | rule |
        | --- | --- |
        %s
        """
            .formatted(steps(), rules());
    String all = Files.readString(ALGORITHMS);
    int from = all.indexOf(BEGIN) + BEGIN.length();
    int to = all.indexOf(END);
    if (Boolean.getBoolean("reference.write")) {
      Files.writeString(ALGORITHMS, all.substring(0, from) + written + all.substring(to));
    }
    assertThat(Files.readString(ALGORITHMS)).contains(BEGIN + written + END);
  }

  private static String steps() {
    var rows = new StringBuilder();
    for (CloseStep step : CloseStep.values()) {
      rows.append(
          "| `%s` | %s | %s | %s |\n"
              .formatted(
                  step.name().toLowerCase(Locale.ROOT),
                  step.keys().isEmpty()
                      ? "nothing yet"
                      : step.keys().stream().map("`%s`"::formatted).collect(joining(", ")),
                  step.does(),
                  needs(step)));
    }
    return rows.toString();
  }

  /** What each part of a spec that can stand there needs; by name where not all do. */
  private static String needs(CloseStep step) {
    ModelSpec plain = SpecCodec.read(Json.readObject(Specs.in("{\"tensors\": {\"w\": [3]}}")));
    Optimizer none = new Optimizer(1, 0, List.of());
    var parts = new LinkedHashMap<String, ModelSpec>();
    switch (step) {
      case BOUND ->
          parts.put(
              "",
              with(
                  plain,
                  none,
                  plain.aggregator(),
                  new UpdateBound(1.0, null, UpdateBound.Action.CLIP)));
      case AGGREGATE ->
          KnownAggregators.ALL.forEach(one -> parts.put(one.name(), with(plain, none, one, null)));
      case PROTECT ->
          parts.put(
              "",
              SpecCodec.read(
                  Json.readObject(
                      Specs.in(
                          """
                          {"tensors": {"w": [3]}, "optimizer": {"lrate": 1.0, "modules": []},
                           "aggregator": ["averaging", {"steps_weighted": false}],
                           "privacy": {"clip_norm": 1, "noise_multiplier": 1, "delta": 1e-5}}\
                          """))));
      case APPLY -> parts.put("", with(plain, none, plain.aggregator(), null));
      case REGULARIZE ->
          KnownRegularizers.ALL.forEach(one ->
              parts.put(
                  one.name(),
                  with(
                      plain,
                      new Optimizer(none.lrate(), none.weightDecay(), List.of(one), List.of()),
                      plain.aggregator(),
                      null)));
      case PRECONDITION ->
          KnownModules.ALL.forEach(one ->
              parts.put(
                  one.name(),
                  with(plain, new Optimizer(1, 0, List.of(one)), new Averaging(false), null)));
    }
    var texts = new ArrayList<String>();
    for (Need need : Need.values()) {
      List<String> names =
          parts.entrySet().stream()
              .filter(part -> step.needs(part.getValue()).contains(need))
              .map(part -> "`%s`".formatted(part.getKey()))
              .toList();
      if (names.size() == parts.size()) {
        texts.add(need.label());
      } else if (!names.isEmpty()) {
        texts.add("%s (%s)".formatted(need.label(), String.join(", ", names)));
      }
    }
    return String.join("; ", texts);
  }

  private static ModelSpec with(
      ModelSpec plain, Optimizer optimizer, Aggregator aggregator, @Nullable UpdateBound bound) {
    return new ModelSpec(
        plain.layout(), plain.dtype(), optimizer, aggregator, bound, plain.round());
  }

  private static String rules() {
    return Stream.of(
            RoundPolicy.RULES,
            RoundPolicy.NEW_RULES,
            SpecRules.OF_SPECS,
            PrivacyRules.OF_SPECS,
            SecureRules.OF_SPECS,
            ScaffoldRules.OF_SPECS)
        .flatMap(Collection::stream)
        .map((SpecRule<?> rule) ->
            "| `%s`, `%s` | %s |\n".formatted(rule.key(), rule.other(), rule.says()))
        .collect(joining());
  }
}
