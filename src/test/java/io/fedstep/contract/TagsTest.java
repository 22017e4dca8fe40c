package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Names that administrators give to versions. */
class TagsTest {
  private static Model trained(int versions) {
    Model model = Model.create(Model.PLAIN);
    for (int i = 0; i < versions; i++) {
      model.advance("[1, 2, %s]".formatted(Integer.toString(i)));
    }
    return model;
  }

  private static Reply tag(Model model, String tag, long version) {
    return model.putJson("/tags/" + tag, "{\"version\": %s}".formatted(Long.toString(version)));
  }

  private static List<String> tags(Model model) {
    return model
        .get("/tags")
        .is(200)
        .json()
        .path("tags")
        .valueStream()
        .map(tag -> tag.path("tag").asString() + "=" + tag.path("version").asString())
        .toList();
  }

  @Test
  void tag_isSetMovedAndRemoved() {
    Model model = trained(2);
    assertThat(tags(model)).isEmpty();
    JsonNode set = tag(model, "shipped", 1).is(201).json();
    assertThat(set.path("tag").asString()).isEqualTo("shipped");
    assertThat(set.path("version").asLong()).isEqualTo(1);
    assertThat(set.path("base").asString())
        .isEqualTo(model.get("/versions").json().path("versions").path(1).path("base").asString());
    assertThat(model.get("/tags").json().path("tags").path(0)).isEqualTo(set);
    tag(model, "1.0", 0).is(201);
    assertThat(tag(model, "shipped", 2).is(200).json().path("version").asLong()).isEqualTo(2);
    tag(model, "shipped", 2).is(200);
    assertThat(tags(model)).containsExactly("1.0=0", "shipped=2");
    model.http().delete(model.path("/tags/shipped")).is(204);
    model.http().delete(model.path("/tags/shipped")).problem(404, "tag-not-found");
    assertThat(tags(model)).containsExactly("1.0=0");
  }

  @Test
  void tag_isAnAddressOfItsVersion() {
    Model model = trained(3);
    tag(model, "shipped", 1).is(201);
    for (String what : List.of("weights", "gradient", "optimizer/state")) {
      Reply byNumber = model.get("/versions/1/" + what).is(200);
      Reply byTag = model.get("/versions/shipped/" + what).is(200);
      assertThat(byTag.body()).isEqualTo(byNumber.body());
      assertThat(byTag.header("ETag")).isEqualTo(byNumber.header("ETag"));
      assertThat(byTag.header("Content-Location")).isEqualTo(model.path("/versions/1/" + what));
      assertThat(byTag.header("Cache-Control")).isEqualTo("no-cache");
      assertThat(model.get("/versions/newest/" + what).is(200).header("Content-Location"))
          .isEqualTo(model.path("/versions/3/" + what));
      model.get("/versions/shipped/" + what, "If-None-Match: " + byTag.header("ETag")).is(304);
      model.get("/versions/lost/" + what).problem(404, "version-not-found");
      model.get("/versions/-1/" + what).problem(400, "malformed");
      model.get("/versions/1234567890123456789012/" + what).problem(400, "malformed");
    }
    JsonNode report =
        model
            .putJson("/versions/shipped/reports/alice", "{\"metrics\": {\"loss\": 1}}")
            .is(201)
            .json();
    assertThat(report.path("version").asLong()).isEqualTo(1);
    assertThat(model.post("/versions/shipped/restore").is(201).json().path("version").asLong())
        .isEqualTo(4);
    assertThat(model.weights()).isEqualTo(model.get("/versions/shipped/weights").body());
    model.post("/versions/lost/restore").problem(404, "version-not-found");
  }

  @Test
  void rangeOfATag_countsWithItsTagAlone() {
    Model model = trained(1);
    tag(model, "shipped", 1).is(201);
    model.get("/versions/shipped/weights", "Range: bytes=0-3").is(200);
    String etag = model.get("/versions/shipped/weights").header("ETag");
    model.get("/versions/shipped/weights", "Range: bytes=0-3", "If-Range: " + etag).is(206);
    model.get("/versions/1/weights", "Range: bytes=0-3").is(206);
  }

  @ParameterizedTest
  @ValueSource(strings = {"7", "newest", "-x", "a%20b", "a%2Fb"})
  void whatCannotBeATag_isMalformed(String tag) {
    Model model = trained(0);
    tag(model, tag, 0).problem(400, "malformed");
    assertThat(tags(model)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"version\": \"1\"}",
        "{\"version\": -1}",
        "{\"version\": 0.5}",
        "[0]",
        "0",
        "{\"version\": 0, \"x\": 1}",
        "{\"version\": null}"
      })
  void bodyWithoutANumber_isMalformed(String body) {
    trained(0).putJson("/tags/shipped", body).problem(400, "malformed");
  }

  @Test
  void versionThatIsNotThere_takesNoTag() {
    Model model = trained(0);
    tag(model, "shipped", 9).problem(404, "version-not-found");
    Model.unborn().putJson("/tags/shipped", "{\"version\": 0}").problem(404, "model-not-found");
    Model.unborn().get("/tags").problem(404, "model-not-found");
  }

  @Test
  void tags_areBounded() {
    Model model = trained(1);
    for (int i = 0; i < 100; i++) {
      tag(model, "t" + i, i % 2).is(201);
    }
    tag(model, "more", 0).problem(422, "too-many-tags");
    tag(model, "t7", 0).is(200);
    model.http().delete(model.path("/tags/t7")).is(204);
    tag(model, "more", 0).is(201);
  }
}
