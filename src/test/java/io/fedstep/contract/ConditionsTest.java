package io.fedstep.contract;

import static io.fedstep.contract.Http.JSON;
import static io.fedstep.contract.Http.OCTETS;
import static io.fedstep.contract.Model.PLAIN;
import static io.fedstep.contract.Model.update;
import static io.fedstep.contract.Vectors.f4;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpRequest.BodyPublishers;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Conditions on changes (RFC 9110, 13): none is made whose condition is not met, or not heeded. */
class ConditionsTest {
  private static final String STATE = "{\"modules\": []}";

  private static Reply change(Model model, String operation, String... fields) {
    String[] parts = operation.split(" ", -1);
    String path = model.path(parts.length > 1 ? parts[1] : "");
    return switch (parts[0]) {
      case "PUT" -> model.http().put(path, body(path), fields(fields));
      default -> model.http().send(parts[0], path, BodyPublishers.noBody(), fields);
    };
  }

  private static String body(String path) {
    return path.contains("state") ? STATE : "{\"weights\": [1, 2, 3]}";
  }

  private static String[] fields(String... fields) {
    var all = new java.util.ArrayList<>(List.of(fields));
    all.add(JSON);
    return all.toArray(String[]::new);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "PUT /weights",
        "PUT /optimizer/state",
        "PUT /optimizer/state?newest=9",
        "POST /versions/0/restore",
        "POST /versions/0/restore?newest=9",
        "DELETE"
      })
  void ifMatch_ofAnotherVersion_isRefused_andNothingIsDone(String operation) {
    Model model = Model.create(PLAIN);
    String base = model.base();
    for (String tags :
        List.of("\"other-0\"", "W/\"" + base + "\"", "\"" + base + "0\"", "nothing", "")) {
      Reply reply = change(model, operation, "If-Match: " + tags);
      assertThat(reply.problem(412, "precondition-failed").path("detail").asString())
          .contains(base);
    }
    assertThat(model.base()).isEqualTo(base);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          PUT /weights             | 200
          PUT /optimizer/state     | 201
          POST /versions/0/restore | 201
          DELETE                   | 204
          """)
  void ifMatch_ofTheNewest_inAnyRepresentation_isDone(String operation, int status) {
    for (String tags : List.of("\"BASE\"", "\"x\", \"BASE.safetensors.gzip\"", "*")) {
      Model model = Model.create(PLAIN);
      change(model, operation, "If-Match: " + tags.replace("BASE", model.base())).is(status);
    }
  }

  @Test
  void ifMatch_isLookedAt_beforeNewest_andAfterTheModel() {
    Model.unborn()
        .http()
        .send("DELETE", Model.unborn().path(""), BodyPublishers.noBody(), "If-Match: \"x\"")
        .is(404);
    Model model = Model.create(PLAIN);
    String own = "If-Match: \"" + model.base() + "\"";
    change(model, "POST /versions/7/restore", "If-Match: \"x\"").problem(404, "version-not-found");
    change(model, "POST /versions/0/restore?newest=9", own).problem(409, "version-differs");
    change(model, "POST /versions/0/restore?newest=0", own).is(201);
    change(model, "POST /versions/0/restore", own).problem(412, "precondition-failed");
  }

  @Test
  void weightsThatAreThere_areNoChange_whateverTheCondition() {
    Model model = Model.create(PLAIN);
    change(model, "PUT /weights", "If-None-Match: *").is(200);
    for (int version = 0; version < 2; version++) {
      for (String condition : List.of("If-None-Match: *", "If-Match: \"x\"")) {
        change(model, "PUT /weights", condition).is(200);
        model
            .http()
            .put(model.path("/weights"), f4(3, 2, 1), OCTETS, condition)
            .problem(412, "precondition-failed");
        model
            .http()
            .put(model.path("/weights"), f4(3, 2), OCTETS, condition)
            .problem(412, "precondition-failed");
      }
      model.advance("[1, 1, 1]");
    }
    assertThat(model.get("/versions/0/weights").body()).isEqualTo(f4(1, 2, 3));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "PUT /weights | If-None-Match: \"x\"",
        "PUT /weights | If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
        "DELETE | If-None-Match: *",
        "DELETE | if-modified-since: Sun, 06 Nov 1994 08:49:37 GMT",
        "POST /versions/0/restore | If-Range: \"x\"",
        "POST /stop | If-Match: *",
        "POST /rounds/current/close | If-Match: *",
        "PUT /round | If-Match: *",
        "PUT /optimizer | If-Match: *",
        "PUT | If-None-Match: *",
        "PUT /rounds/0/updates/alice | If-Match: *",
        "PUT /versions/0/reports/alice | If-None-Match: *"
      })
  void conditionThatIsNotHeeded_isRefused(String text) {
    Model model = Model.create(PLAIN);
    String[] parts = text.split(" \\| ", -1);
    Reply reply = change(model, parts[0], parts[1]);
    assertThat(reply.problem(400, "malformed").path("detail").asString())
        .containsIgnoringCase(parts[1].substring(0, parts[1].indexOf(':')));
    assertThat(model.json("phase").asString()).isEqualTo("collecting");
    model.get(update(0, "alice")).is(404);
  }
}
