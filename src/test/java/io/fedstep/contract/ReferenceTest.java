package io.fedstep.contract;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.FedstepProperties;
import io.fedstep.problem.Problem;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** docs/REFERENCE.md is what the code says; {@code -Dreference.write=true} writes it. */
@OneMachine("a round is counted by the process that ends it")
class ReferenceTest {
  private static final Path REFERENCE = Path.of("docs/REFERENCE.md");
  private static final Path CONFIGURATION = Path.of("application.yml");
  private static final Pattern KEY = Pattern.compile("( *)(# )?([a-z][a-z-]*):( .*)?");
  private static final Pattern COMMENT = Pattern.compile(" *# (.*)");
  private static final Pattern LABEL = Pattern.compile("(\\w+)=\"");

  private record Key(String name, String value, String comment) {}

  @Test
  void reference_isWhatTheCodeSays() throws IOException {
    String reference =
        """
        # Reference

        Written by a test from the code: the configuration's comments, the OpenAPI document, the \
        enum of the problems and a scrape.

        ## Configuration

        Each key in `application.yml`, on the command line (`--fedstep.data-dir=/srv/fedstep`) or in \
        the environment (`FEDSTEP_DATA_DIR`). One of fedstep's name that is not here ends the start.

        | key | default | what |
        | --- | --- | --- |
        %s
        ## Addresses

        In full at `/v3/api-docs`.

        | address | what |
        | --- | --- |
        %s
        ## Problems

        Every refusal is an `application/problem+json` document with one of these codes.

        | status | code | title |
        | --- | --- | --- |
        %s
        ## Metrics

        At `/actuator/prometheus`, beside those of the JVM and of HTTP.

        | metric | labels | what |
        | --- | --- | --- |
        %s\
        """
            .formatted(configuration(), addresses(), problems(), metrics());
    if (Boolean.getBoolean("reference.write")) {
      Files.writeString(REFERENCE, reference);
    }
    assertThat(Files.readString(REFERENCE, UTF_8)).isEqualTo(reference);
  }

  private static String row(Object... cells) {
    return "| %s |%n"
        .formatted(
            String.join(
                " | ", Stream.of(cells).map(cell -> cell.toString().replace("|", "\\|")).toList()));
  }

  private static String configuration() throws IOException {
    List<Key> keys = keys();
    assertThat(keys)
        .extracting(Key::name)
        .containsExactlyInAnyOrderElementsOf(components("fedstep", FedstepProperties.class));
    assertThat(keys).extracting(Key::comment).doesNotContain("");
    var rows = new StringBuilder();
    keys.forEach(key ->
        rows.append(
            row(
                "`" + key.name + "`",
                key.value.isEmpty() ? "" : "`" + key.value + "`",
                key.comment)));
    return rows.toString();
  }

  /** The keys below {@code fedstep} that have a value, with the comment above each. */
  private static List<Key> keys() throws IOException {
    var keys = new ArrayList<Key>();
    var path = new ArrayList<String>();
    var comment = new ArrayList<String>();
    for (String line : Files.readAllLines(CONFIGURATION)) {
      Matcher key = KEY.matcher(line);
      Matcher text = COMMENT.matcher(line);
      if (line.equals("---")) {
        break; // what follows is of a profile
      } else if (key.matches()) {
        int depth = key.group(1).length() / 2;
        path.subList(Math.min(depth, path.size()), path.size()).clear();
        path.add(key.group(3));
        String value = key.group(4) == null ? "" : key.group(4).strip();
        if (path.getFirst().equals("fedstep") && !value.isEmpty()) {
          boolean absent = key.group(2) != null;
          keys.add(new Key(String.join(".", path), absent ? "" : value, String.join(" ", comment)));
        }
        comment.clear();
      } else if (text.matches()) {
        comment.add(text.group(1));
      }
    }
    return keys;
  }

  private static List<String> components(String prefix, Class<?> type) {
    var names = new ArrayList<String>();
    for (RecordComponent component : type.getRecordComponents()) {
      String hyphens = component.getName().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
      String name = prefix + "." + hyphens;
      names.addAll(
          component.getType().isRecord() ? components(name, component.getType()) : List.of(name));
    }
    return names;
  }

  private static String addresses() {
    JsonNode paths = Server.shared().http().get("/v3/api-docs").is(200).json().path("paths");
    var rows = new StringBuilder();
    for (var path : paths.properties()) {
      for (var operation : path.getValue().properties()) {
        if (operation.getValue().has("summary")) {
          rows.append(
              row(
                  "`%s %s`".formatted(operation.getKey().toUpperCase(Locale.ROOT), path.getKey()),
                  operation.getValue().path("summary").asString()));
        }
      }
    }
    return rows.toString();
  }

  private static String problems() {
    var rows = new StringBuilder();
    for (Problem problem : Problem.values()) {
      rows.append(row(problem.status(), "`" + problem.code() + "`", problem.title()));
    }
    return rows.toString();
  }

  /** After a round, when every meter is there. */
  private static String metrics() {
    Model model =
        Model.create(
            """
            {"tensors": {"w": [3]}, "aggregator": ["averaging", {"steps_weighted": false}],
             "privacy":
               {"clip_norm": 1, "noise_multiplier": 1, "epsilon": 9, "delta": 1e-5}}\
            """);
    model.submit(0, "alice", "{\"gradient\": [1, 2, 3], \"metrics\": {\"loss\": 1}}").is(201);
    model.get("/rounds/current?after=0&wait=30s").is(200);
    model.putJson("/versions/1/reports/alice", "{\"metrics\": {\"loss\": 1}}").is(201);
    Model.create(
        """
        {"tensors": {"w": [3]}, "secure": {"clip": 1},
         "round": {"min_updates": 3, "timeout": "1m"}}\
        """);
    Scrape scrape = Scrape.of(Server.shared().http());
    while (scrape.of(model).stream().noneMatch(sample -> sample.startsWith("fedstep_report_"))) {
      Thread.onSpinWait(); // a second after the reports, and longer after all else
      scrape = Scrape.of(Server.shared().http());
    }
    var rows = new StringBuilder();
    var labels = new TreeMap<String, TreeSet<String>>();
    for (String sample : scrape.samples().keySet()) {
      for (String name : scrape.help().keySet()) {
        if (sample.matches(name + "(_bucket|_count|_sum|_max)?([{].*)?")) {
          LABEL
              .matcher(sample)
              .results()
              .map((MatchResult label) -> label.group(1))
              .filter(label -> !label.equals("le"))
              .forEach(labels.computeIfAbsent(name, _ -> new TreeSet<>())::add);
        }
      }
    }
    new TreeMap<>(scrape.help())
        .forEach((name, help) ->
            rows.append(
                row(
                    "`" + name + "`",
                    String.join(", ", labels.getOrDefault(name, new TreeSet<>())),
                    help)));
    return rows.toString();
  }
}
