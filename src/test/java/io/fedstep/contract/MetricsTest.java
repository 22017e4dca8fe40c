package io.fedstep.contract;

import static io.fedstep.contract.Model.PLAIN;
import static io.fedstep.contract.Vectors.f4;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What Prometheus sees of models, rounds and updates. */
@OneMachine("a round is counted by the process that ends it")
class MetricsTest {
  private static final String GRADIENT =
      """
      {"gradient": [3, 0, 4], "weight": 3, "metrics": {"loss": 3.0, "accuracy": 0.5}}\
      """;

  /** An answer may be read before its update is counted: scrapes until the check holds. */
  private static void eventually(Consumer<Scrape> check) {
    for (int i = 0; i < 200; i++) {
      try {
        check.accept(scrape());
        return;
      } catch (AssertionError e) {
        Thread.onSpinWait();
      }
    }
    check.accept(scrape());
  }

  private static Scrape scrape() {
    return Scrape.of(Server.shared().http());
  }

  @Test
  void model_showsItsMetersFromTheStart() {
    long begin = System.nanoTime();
    Model model = Model.create(PLAIN);
    eventually(scrape ->
        assertThat(scrape.of(model))
            .filteredOn(sample -> !sample.startsWith("fedstep_round_age_seconds "))
            .containsExactlyInAnyOrder(
                "fedstep_deadlines_passed_total 0.0",
                "fedstep_last_round_seconds 0.0",
                "fedstep_metrics_left_out 0.0",
                "fedstep_model_failed 0.0",
                "fedstep_round 0.0",
                "fedstep_round_max_updates 1.0",
                "fedstep_round_min_updates 1.0",
                "fedstep_round_updates 0.0",
                "fedstep_rounds_total{outcome=\"completed\"} 0.0",
                "fedstep_rounds_total{outcome=\"discarded\"} 0.0",
                "fedstep_rounds_total{outcome=\"not-finite\"} 0.0",
                "fedstep_updates_total{outcome=\"accepted\"} 0.0"));
    String age = "fedstep_round_age_seconds{model=\"%s\"}".formatted(model.name());
    assertThat(scrape().samples().get(age)).isBetween(0.0, (System.nanoTime() - begin) * 1e-9);
  }

  @Test
  void server_showsWhatItIs_andNothingOfItsLibrariesThatNobodyAskedFor() {
    Scrape scrape = scrape();
    assertThat(scrape.samples().keySet())
        .anyMatch(name -> name.matches("fedstep_build_info\\{engine=\"local\",version=\".+\"}"))
        .noneMatch(name -> name.startsWith("spring_security_"))
        .noneMatch(name -> name.startsWith("tomcat_sessions_"))
        .noneMatch(name -> name.startsWith("http_server_requests_active_"));
    assertThat(scrape.value("fedstep_tokens_file_ok")).isEqualTo(1);
  }

  @Test
  void updates_areCountedByOutcome() {
    Model model = Model.create(Model.plain(2, 2));
    model.submit(0, "alice", GRADIENT).is(201);
    model.submit(0, "alice", GRADIENT).is(200);
    model.submit(0, "alice", "{\"gradient\": [1, 2, 3]}").problem(409, "update-differs");
    model.submit(0, "bob", "{\"gradient\": [1, 2]}").problem(422, "wrong-length");
    model.submit(0, "bob", "{\"gradient\": [1, 2").problem(400, "malformed");
    model.submit(7, "bob", GRADIENT).problem(409, "round-not-open");
    model.get(Model.update(0, "alice")).is(200);
    eventually(scrape ->
        assertThat(scrape.of(model))
            .filteredOn(sample -> sample.startsWith("fedstep_updates_total"))
            .containsExactlyInAnyOrder(
                "fedstep_updates_total{outcome=\"accepted\"} 1.0",
                "fedstep_updates_total{outcome=\"duplicate\"} 1.0",
                "fedstep_updates_total{outcome=\"malformed\"} 1.0",
                "fedstep_updates_total{outcome=\"round-not-open\"} 1.0",
                "fedstep_updates_total{outcome=\"update-differs\"} 1.0",
                "fedstep_updates_total{outcome=\"wrong-length\"} 1.0"));
    eventually(scrape -> assertThat(scrape.of(model)).contains("fedstep_round_updates 1.0"));
  }

  @Test
  void update_forNoModel_growsNoLabel() {
    String sample = "fedstep_updates_total{model=\"\",outcome=\"model-not-found\"}";
    double before = scrape().value(sample);
    Model model = Model.unborn();
    model.submit(0, "alice", GRADIENT).problem(404, "model-not-found");
    eventually(scrape -> assertThat(scrape.value(sample)).isGreaterThanOrEqualTo(before + 1));
    Scrape after = scrape();
    assertThat(after.of(model)).isEmpty();
    assertThat(after.samples().keySet()).noneMatch(name -> name.contains("alice"));
  }

  @Test
  void update_isTimedAndWeighed() {
    Model model = Model.create(Model.plain(1, 2));
    Scrape before = scrape();
    model.putOctets(Model.update(0, "alice"), f4(1, 2, 3)).is(201);
    model.post("/rounds/current/close").is(200);
    eventually(after -> {
      for (String meter : new String[] {"update", "round", "aggregate", "commit"}) {
        for (String part : new String[] {"count", "bucket{le=\"+Inf\"}", "bucket{le=\"1.0\"}"}) {
          String sample = "fedstep_%s_seconds_%s".formatted(meter, part);
          assertThat(after.value(sample))
              .as(sample)
              .isGreaterThanOrEqualTo(before.value(sample) + 1);
        }
      }
      assertThat(after.value("fedstep_update_bytes_count"))
          .isGreaterThanOrEqualTo(before.value("fedstep_update_bytes_count") + 1);
      assertThat(after.value("fedstep_update_bytes_sum"))
          .isGreaterThanOrEqualTo(before.value("fedstep_update_bytes_sum") + 12);
      assertThat(after.value("fedstep_store_free_bytes")).isPositive();
      assertThat(after.value("fedstep_store_needed_bytes")).isPositive();
      assertThat(after.value("fedstep_paused_uploads")).isNotNegative();
      assertThat(after.value("fedstep_paused_upload_bytes")).isNotNegative();
    });
  }

  /** Closed by hand: the answer to that comes after the meters were told. */
  private static Model roundOfTwo() {
    Model model = Model.create(Model.plain(2, 3));
    model.submit(0, "bob", GRADIENT).is(201);
    model.submit(0, "alice", "{\"gradient\": [0, 0, 0], \"metrics\": {\"loss\": 1}}").is(201);
    model.post("/rounds/current/close").is(200);
    return model;
  }

  @Test
  void round_showsWhatItGave() {
    Model model = roundOfTwo();
    eventually(scrape ->
        assertThat(scrape.of(model))
            .contains(
                "fedstep_round 1.0",
                "fedstep_round_updates 0.0",
                "fedstep_rounds_total{outcome=\"completed\"} 1.0",
                "fedstep_gradient_norm 3.75",
                "fedstep_step_norm 3.75",
                "fedstep_reported{metric=\"accuracy\"} 0.5",
                "fedstep_reported{metric=\"loss\"} 2.5"));
  }

  @Test
  void reports_areNoMetricsOfUpdates() {
    Model model = Model.create(PLAIN);
    String report = "{\"weight\": %s, \"metrics\": {\"accuracy\": %s}}";
    model.putJson("/versions/0/reports/alice", report.formatted(1, 0.5)).is(201);
    model.putJson("/versions/0/reports/bob", report.formatted(3, 0.9)).is(201);
    eventually(scrape ->
        assertThat(scrape.of(model))
            .contains("fedstep_report_metric{metric=\"accuracy\"} 0.8")
            .noneMatch(sample -> sample.startsWith("fedstep_reported")));
  }

  private static String metrics(String prefix) {
    return IntStream.range(0, 32)
        .mapToObj(i -> "\"%s%s\": 1".formatted(prefix, i))
        .collect(joining(", ", "{\"gradient\": [0, 0, 0], \"metrics\": {", "}}"));
  }

  @Test
  void metricsBeyondThoseThatAreShown_areCounted() {
    Model model = Model.create(Model.plain(2, 3));
    model.submit(0, "bob", metrics("b")).is(201);
    model.submit(0, "alice", metrics("a")).is(201);
    model.post("/rounds/current/close").is(200);
    eventually(scrape ->
        assertThat(scrape.of(model))
            .contains("fedstep_metrics_left_out 32.0", "fedstep_reported{metric=\"a0\"} 1.0")
            .noneMatch(sample -> sample.contains("metric=\"b")));
  }

  @Test
  void rounds_areCountedByOutcome() {
    Model model =
        Model.create(
            """
            {"tensors": {"w": [2]}, "optimizer": {"lrate": 1, "modules": ["rmsprop"]}}\
            """);
    model.advance("[1, 2]");
    model.advance("[1, 3e38]");
    model.post("/versions/0/restore").is(201);
    eventually(scrape ->
        assertThat(scrape.of(model))
            .contains(
                "fedstep_rounds_total{outcome=\"completed\"} 1.0",
                "fedstep_rounds_total{outcome=\"discarded\"} 1.0",
                "fedstep_rounds_total{outcome=\"not-finite\"} 1.0",
                "fedstep_round 3.0"));
  }

  @Test
  void deadline_thatPasses_isCounted() {
    Model model =
        Model.create(
            """
            {"tensors": {"w": [3]}, "round": {"min_updates": 2, "timeout": "20ms"}}\
            """);
    model.get("/rounds/current?after=0&wait=200ms").is(204);
    eventually(scrape ->
        assertThat(
                scrape.value(
                    "fedstep_deadlines_passed_total{model=\"%s\"}".formatted(model.name())))
            .isPositive());
  }

  @Test
  void modelThatIsDeleted_leavesNothing() {
    Model model = Model.create(PLAIN);
    model.submit(0, "alice", GRADIENT).is(201);
    model.awaitVersion(1);
    model.http().delete(model.path("")).is(204);
    model.submit(1, "alice", GRADIENT).problem(404, "model-not-found");
    eventually(scrape -> assertThat(scrape.of(model)).isEmpty());

    model.putJson("", PLAIN).is(201);
    eventually(scrape ->
        assertThat(scrape.of(model))
            .contains("fedstep_updates_total{outcome=\"accepted\"} 0.0", "fedstep_round 0.0")
            .noneMatch(sample -> sample.startsWith("fedstep_reported")));
  }

  @Test
  void everyMeter_hasHelp() {
    roundOfTwo();
    Scrape scrape = scrape();
    assertThat(scrape.help().values()).noneMatch(String::isBlank);
    assertThat(scrape.samples().keySet())
        .extracting(sample ->
            sample
                .replaceFirst("[{].*", "")
                .replaceFirst("(_seconds|_update_bytes)_(bucket|count|sum)$", "$1"))
        .isSubsetOf(scrape.help().keySet());
  }
}
