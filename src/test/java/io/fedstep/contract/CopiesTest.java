package io.fedstep.contract;

import static io.fedstep.contract.Http.ACCEPT_JSON;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.security.Token;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Models that begin from a version of another one. */
@OneMachine("several machines make no copies")
class CopiesTest {
  private static final String SPEC =
      """
      {"tensors": {"w": [3]}, "optimizer": {"lrate": 0.5, "modules": ["rmsprop"]},
       "round": {"timeout": "1h"}, "metadata": {"classes": 10}}\
      """;

  private static Model trained() {
    Model model = Model.create(SPEC);
    model.advance("[1, 2, 3]");
    model.advance("[3, 2, -1.5]");
    model.putJson("/tags/shipped", "{\"version\": 1}").is(201);
    return model;
  }

  private static String from(Model model, String rest) {
    return "{\"from\": {\"model\": \"%s\"%s".formatted(model.name(), rest);
  }

  private static Model copy(String request) {
    Model copy = Model.unborn();
    copy.putJson("", request).is(201);
    return copy;
  }

  private static byte[] state(Model model, int version) {
    return model.get("/versions/%s/optimizer/state".formatted(version)).is(200).body();
  }

  @Test
  void copy_hasSpecMetadataWeightsAndState() {
    Model source = trained();
    Model copy = copy(from(source, ", \"version\": 1}}"));
    JsonNode from = copy.json("from");
    assertThat(from.path("model").asString()).isEqualTo(source.name());
    assertThat(from.path("version").asInt()).isEqualTo(1);
    assertThat(from.path("base").asString())
        .isEqualTo(source.get("/versions").json().path("versions").path(1).path("base").asString());
    for (String key : List.of("tensors", "dtype", "optimizer", "aggregator", "round", "metadata")) {
      assertThat(copy.json(key)).as(key).isEqualTo(source.json(key));
    }
    assertThat(copy.json("version").asInt()).isZero();
    assertThat(copy.weights()).isEqualTo(source.get("/versions/1/weights").body());
    assertThat(state(copy, 0)).isEqualTo(state(source, 1));
    JsonNode version = copy.get("/versions").json().path("versions").path(0);
    assertThat(version.path("made_by").asString()).isEqualTo("copy");
    assertThat(copy.get("/tags").json().path("tags")).isEmpty();
    assertThat(source.json().has("from")).isFalse();

    copy.advance("[3, 2, -1.5]");
    assertThat(copy.weights()).isEqualTo(source.weights());
    assertThat(state(copy, 1)).isEqualTo(state(source, 2));
  }

  @Test
  void newestAndTags_nameAVersion() {
    Model source = trained();
    assertThat(copy(from(source, "}}")).weights()).isEqualTo(source.weights());
    assertThat(copy(from(source, ", \"version\": \"newest\"}}")).weights())
        .isEqualTo(source.weights());
    Model tagged = copy(from(source, ", \"version\": \"shipped\"}}"));
    assertThat(tagged.json("from").path("version").asInt()).isEqualTo(1);
    assertThat(tagged.weights()).isEqualTo(source.get("/versions/1/weights").body());
    Model zeros = copy(from(source, ", \"version\": 0}}"));
    assertThat(zeros.weights()).isEqualTo(Vectors.f4(0, 0, 0));
    zeros.advance("[1, 2, 3]");
    assertThat(zeros.weights()).isEqualTo(source.get("/versions/1/weights").body());
  }

  @Test
  void keysBeside_replaceTheSources() {
    Model source = trained();
    Model copy =
        copy(
            from(
                source,
                """
                }, "round": {"min_updates": 2}, "aggregator": "median", "metadata": {"a": 1.50},
                 "optimizer": {"lrate": 0.25, "modules": ["rmsprop"]}}\
                """));
    assertThat(copy.json("round").path("min_updates").asInt()).isEqualTo(2);
    assertThat(copy.json("round").path("timeout").isNull()).isTrue();
    assertThat(copy.json("aggregator").path(0).asString()).isEqualTo("median");
    assertThat(copy.json("optimizer").path("lrate").asDouble()).isEqualTo(0.25);
    assertThat(copy.get("").text()).contains("\"metadata\":{\"a\":1.50}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "'\"tensors\": {\"v\": [3]}'; 422; bad-spec",
        "'\"dtype\": \"float64\"'; 422; bad-spec",
        "'\"optimizer\": {\"lrate\": 1, \"modules\": [\"adam\"]}'; 422; bad-spec",
        "'\"optimizer\": {\"lrate\": -1, \"modules\": [\"rmsprop\"]}'; 422; bad-spec",
        "'\"rond\": {}'; 422; bad-spec",
        "'\"metadata\": 3'; 400; malformed"
      })
  void whatDoesNotGoWithTheSource_isRefused(String key, int status, String code) {
    Model source = Model.create(SPEC);
    Model.unborn().putJson("", from(source, "}, " + key + "}")).problem(status, code);
  }

  @Test
  void wrongSources_areRefused() {
    Model source = Model.create(SPEC);
    Model copy = Model.unborn();
    copy.putJson("", from(Model.unborn(), "}}")).problem(404, "model-not-found");
    copy.putJson("", from(source, ", \"version\": 9}}")).problem(404, "version-not-found");
    copy.putJson("", from(source, ", \"version\": \"lost\"}}")).problem(404, "version-not-found");
    copy.putJson("", from(source, ", \"version\": 0.5}}")).problem(400, "malformed");
    copy.putJson("", from(source, ", \"v\": 1}}")).problem(422, "bad-spec");
    copy.putJson("", "{\"from\": {\"model\": \"a/b\"}}").problem(400, "malformed");
    copy.putJson("", "{\"from\": \"%s\"}".formatted(source.name())).problem(400, "malformed");
    copy.get("").problem(404, "model-not-found");
    Model waits = Model.create("{\"tensors\": {\"w\": [3]}, \"weights\": \"required\"}");
    copy.putJson("", from(waits, "}}")).problem(503, "no-weights");
  }

  @Test
  void sameRequestAgain_findsTheCopy_withoutTheSource() {
    Model source = trained();
    String request = from(source, "}, \"round\": {\"min_updates\": 2, \"timeout\": \"90s\"}}");
    Model copy = copy(request);
    copy.putJson("/round", "{\"min_updates\": 3}").is(200);
    source.http().delete(source.path("")).is(204);
    assertThat(copy.putJson("", request).is(200).json()).isEqualTo(copy.json());
    JsonNode problem =
        copy.putJson("", from(source, "}, \"round\": {\"min_updates\": 4}}"))
            .problem(409, "model-exists");
    assertThat(problem.path("differs").path(0).asString()).isEqualTo("from");
    Model own = Model.create(SPEC);
    own.putJson("", request).problem(409, "model-exists");
  }

  @Test
  void weights_areSetAlready() {
    Model copy = copy(from(trained(), "}}"));
    copy.putOctets("/weights", copy.weights()).problem(409, "already-started");
    assertThat(copy.get("/weights", ACCEPT_JSON).is(200).json().path("version").asInt()).isZero();
    copy.get("/versions/0/gradient").problem(404, "gradient-not-found");
  }

  @Test
  void copy_survivesARestart_andLosesItsFirstVersionInTime(@TempDir Path data) {
    String name;
    byte[] weights;
    String request;
    try (Server server = Server.start(data, "fedstep.keep-versions=1")) {
      Model source = Model.create(server.http(), SPEC);
      source.advance("[1, 2, 3.5]");
      weights = source.weights();
      name = source.name() + "-copy";
      request = from(source, "}, \"update_bound\": {\"max_norm\": 0.5}}");
      server.http().putJson("/v1/models/" + name, request).is(201);
    }
    try (Server server = Server.start(data, "fedstep.keep-versions=1")) {
      var copy = new Model(server.http(), name);
      assertThat(copy.weights()).isEqualTo(weights);
      copy.putJson("", request).is(200);
      copy.advance("[0, 0, 0]");
    }
    try (Server server = Server.start(data, "fedstep.keep-versions=3")) {
      var copy = new Model(server.http(), name);
      assertThat(copy.json("version").asInt()).isEqualTo(1);
      copy.get("/versions/0/weights").problem(404, "version-not-found");
    }
  }

  @Test
  void sourceThatACallerMayNotRead_isForbidden(@TempDir Path data) {
    try (Server server =
        Server.start(
            data,
            "fedstep.security.tokens[0].id=root",
            "fedstep.security.tokens[0].sha256=" + Token.sha256("root"),
            "fedstep.security.tokens[0].role=admin",
            "fedstep.security.tokens[0].models=*",
            "fedstep.security.tokens[1].id=ann",
            "fedstep.security.tokens[1].sha256=" + Token.sha256("ann"),
            "fedstep.security.tokens[1].role=admin",
            "fedstep.security.tokens[1].models=mine-*")) {
      Http root = server.http().as("root");
      Http ann = server.http().as("ann");
      root.putJson("/v1/models/other", SPEC).is(201);
      for (String source : List.of("other", "none")) {
        ann.putJson("/v1/models/mine-1", "{\"from\": {\"model\": \"%s\"}}".formatted(source))
            .problem(403, "forbidden");
      }
      root.putJson("/v1/models/mine-1", "{\"from\": {\"model\": \"other\"}}").is(201);
      ann.putJson("/v1/models/mine-2", "{\"from\": {\"model\": \"mine-1\"}}").is(201);
    }
  }
}
