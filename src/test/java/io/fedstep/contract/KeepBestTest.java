package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** The best version by the reports of clients, which has a tag and is kept. */
class KeepBestTest {
  private static Model keeping(String best) {
    return Model.create(
        """
        {"tensors": {"w": [3]}, "optimizer": {"lrate": 1.0, "modules": []}, "keep_best": %s}\
        """
            .formatted(best));
  }

  private static void report(Model model, long version, String client, double accuracy) {
    model
        .putJson(
            "/versions/%s/reports/%s".formatted(Long.toString(version), client),
            "{\"metrics\": {\"accuracy\": %s}}".formatted(Double.toString(accuracy)))
        .is(201);
  }

  private static long best(Model model) {
    JsonNode tags = model.get("/tags").is(200).json().path("tags");
    return tags.isEmpty() ? -1 : tags.path(0).path("version").asLong();
  }

  @Test
  void setting_isShownWithItsDefaults() {
    Model model = keeping("{\"metric\": \"accuracy\"}");
    assertThat(model.json("keep_best"))
        .isEqualTo(
            Reply.json("{\"metric\": \"accuracy\", \"mode\": \"max\", \"min_reports\": null}"));
    assertThat(Model.create(Model.PLAIN).json().has("keep_best")).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {}                                      | 422 | bad-spec
          {"metric": " x"}                        | 422 | bad-spec
          {"metric": "a", "mode": "best"}         | 422 | bad-spec
          {"metric": "a", "min_reports": 0}       | 422 | bad-spec
          {"metric": "a", "more": 0}              | 422 | bad-spec
          {"metric": 1}                           | 400 | malformed
          "accuracy"                              | 400 | malformed
          """)
  void whatCannotBe_isRefused(String best, int status, String code) {
    Model.unborn()
        .putJson("", "{\"tensors\": {\"w\": [3]}, \"keep_best\": %s}".formatted(best))
        .problem(status, code);
    Model.create(Model.PLAIN).putJson("/keep-best", best).problem(status, code);
  }

  @Test
  void best_isChosenWhenAVersionAppears_amongThoseBefore() {
    Model model = keeping("{\"metric\": \"accuracy\"}");
    report(model, 0, "a", 0.5);
    assertThat(best(model)).isEqualTo(-1);
    model.advance("[1, 1, 1]");
    assertThat(best(model)).isZero();
    report(model, 1, "a", 0.5);
    model.advance("[1, 1, 1]");
    assertThat(best(model)).as("the earlier at a tie").isZero();
    report(model, 1, "b", 0.7);
    report(model, 2, "a", 0.59);
    model.advance("[1, 1, 1]");
    assertThat(best(model)).as("the mean is 0.6").isEqualTo(1);
    assertThat(model.get("/versions/best/weights").is(200).body())
        .isEqualTo(model.get("/versions/1/weights").body());
    report(model, 3, "a", 0.9);
    assertThat(best(model)).isEqualTo(1);
    model.post("/stop").is(200);
    assertThat(best(model)).as("among all once training stops").isEqualTo(3);
  }

  @Test
  void least_canBeTheBest() {
    Model model = keeping("{\"metric\": \"accuracy\", \"mode\": \"min\", \"min_reports\": 2}");
    report(model, 0, "a", 0.5);
    report(model, 0, "b", 0.5);
    model.advance("[1, 1, 1]");
    report(model, 1, "a", 0.1);
    model.advance("[1, 1, 1]");
    assertThat(best(model)).as("one report is too few").isZero();
    report(model, 1, "b", 0.3);
    model.advance("[1, 1, 1]");
    assertThat(best(model)).isEqualTo(1);
  }

  @Test
  void tag_isReservedWhileItGoesByItself() {
    Model model = keeping("{\"metric\": \"accuracy\"}");
    model.putJson("/tags/best", "{\"version\": 0}").problem(409, "tag-reserved");
    model.http().delete(model.path("/tags/best")).problem(409, "tag-reserved");
    report(model, 0, "a", 0.5);
    model.advance("[1, 1, 1]");
    assertThat(model.putJson("/keep-best", "null").is(200).json().has("keep_best")).isFalse();
    assertThat(best(model)).isZero();
    report(model, 1, "a", 0.9);
    model.advance("[1, 1, 1]");
    assertThat(best(model)).isZero();
    model.putJson("/tags/best", "{\"version\": 2}").is(200);
    model.putJson("/keep-best", "{\"metric\": \"accuracy\"}").is(200);
    model.advance("[1, 1, 1]");
    assertThat(best(model)).isEqualTo(1);
  }
}
