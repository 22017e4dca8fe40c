package io.fedstep.contract;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What people keep beside a model. */
class MetadataTest {
  private static final String WRITTEN =
      """
      {"lr": 1.0e-05,"n":-0, "big": 12345678901234567890123456789.50, "e": 1E+400,
       "classes": ["Größe", "\\u00e9\\n", null, true, {}], "deep": {"a": {"a": []}}}\
      """;

  /** As it was written, but for the blanks. */
  private static final String KEPT =
      """
      {"lr":1.0e-05,"n":-0,"big":12345678901234567890123456789.50,"e":1E+400,\
      "classes":["Größe","é\\n",null,true,{}],"deep":{"a":{"a":[]}}}\
      """;

  private static Model with(String metadata) {
    return Model.create("{\"metadata\": %s, \"tensors\": {\"w\": [3]}}".formatted(metadata));
  }

  @Test
  void metadata_isEmptyUnlessGiven() {
    assertThat(Model.create(Model.PLAIN).json("metadata")).isEqualTo(Reply.json("{}"));
  }

  @Test
  void metadata_comesBackAsItWasWritten() {
    Model model = with(WRITTEN);
    assertThat(model.get("").is(200).text()).contains("\"metadata\":" + KEPT);
    assertThat(model.get("/rounds/current?metadata=true").is(200).text())
        .contains("\"metadata\":" + KEPT);
    model.putJson("/metadata", "{}").is(200);
    assertThat(model.putJson("/metadata", WRITTEN).is(200).text()).contains("\"metadata\":" + KEPT);
  }

  @Test
  void metadata_isShownWhereItIsAskedForAlone() {
    Model model = with("{\"a\": 1}");
    assertThat(model.current().has("metadata")).isFalse();
    assertThat(model.get("/rounds/current?metadata=false").is(200).json().has("metadata"))
        .isFalse();
    model.get("/rounds/current?metadata=1").problem(400, "malformed");
    model.get("/rounds/current?metadata=true&metadata=true").problem(400, "malformed");
    assertThat(
            model.get("/rounds/current?metadata=true&client=alice&after=9&wait=1ms").is(204).text())
        .isEmpty();
    var listed =
        model.http().get("/v1/models").is(200).json().path("models").valueStream().toList();
    assertThat(listed).isNotEmpty().noneMatch(one -> one.has("metadata"));
    model.advance("[1, 2, 3]");
    assertThat(model.get("/rounds/0").is(200).json().has("metadata")).isFalse();
  }

  @Test
  void metadata_isNoPartOfTheSpec() {
    Model model = with("{\"a\": 1}");
    String other = "{\"metadata\": {\"a\": 2}, \"tensors\": {\"w\": [3]}}";
    assertThat(model.putJson("", other).is(200).json().path("metadata"))
        .isEqualTo(Reply.json("{\"a\": 1}"));
    model.putJson("", "{\"tensors\": {\"w\": [3]}}").is(200);
    assertThat(model.json("metadata")).isEqualTo(Reply.json("{\"a\": 1}"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "[]",
        "1",
        "\"text\"",
        "{\"a\": NaN}",
        "{\"a\": [-Infinity]}",
        "{\"a\": 01}",
        "{\"a\": 1, \"a\": 2}",
        "{\"b\": {\"a\": 1, \"a\": 2}}",
        "{\"a\": }",
        "{\"a\": 1"
      })
  void whatIsNoObject_isMalformed(String metadata) {
    Model.unborn()
        .putJson("", "{\"metadata\": %s, \"tensors\": {\"w\": [3]}}".formatted(metadata))
        .problem(400, "malformed");
    Model model = with("{\"a\": 1}");
    model.putJson("/metadata", metadata).problem(400, "malformed");
    assertThat(model.json("metadata")).isEqualTo(Reply.json("{\"a\": 1}"));
  }

  @Test
  void moreBehindTheObject_isMalformed() {
    Model model = with("{}");
    model.putJson("/metadata", "{} {}").problem(400, "malformed");
    model.putJson("/metadata", "").problem(400, "malformed");
    model.putJson("/metadata?x=1", "{}").problem(400, "malformed");
    model.putOctets("/metadata", new byte[2]).problem(415, "unsupported-format");
    Model.unborn().putJson("/metadata", "{}").problem(404, "model-not-found");
  }

  @Test
  void most_isCountedAsItWasSent() {
    String most = "{\"a\": \"%s\"}".formatted("ä".repeat((65_536 - 9) / 2));
    String full = most.replace("{", "{" + " ".repeat(65_536 - most.getBytes(UTF_8).length));
    assertThat(full.getBytes(UTF_8)).hasSize(65_536);
    Model model = with(full);
    model.putJson("/metadata", full).is(200);
    String more = full.replace("{", "{ ");
    model.putJson("/metadata", more).problem(413, "too-large");
    Reply refused =
        Model.unborn().putJson("", "{\"tensors\": {\"w\": [3]}, \"metadata\": %s}".formatted(more));
    assertThat(refused.problem(413, "too-large").path("actual").asLong()).isEqualTo(65_537);
  }

  @Test
  void anyBytesAsText_areKept() {
    String text = Base64.getEncoder().encodeToString(new byte[] {0, -1, 7, 'a', '\n'});
    assertThat(with("{\"model card\": \"%s\"}".formatted(text)).json("metadata").path("model card"))
        .isEqualTo(Reply.json("\"%s\"".formatted(text)));
  }
}
