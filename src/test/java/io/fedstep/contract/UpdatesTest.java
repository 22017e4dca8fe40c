package io.fedstep.contract;

import static io.fedstep.contract.Http.OCTETS;
import static io.fedstep.contract.Model.PLAIN;
import static io.fedstep.contract.Model.update;
import static io.fedstep.contract.Vectors.digest;
import static io.fedstep.contract.Vectors.f4;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Submitting updates: what is accepted, repeated, too early, too late. */
class UpdatesTest {
  private static final String GRADIENT = "{\"gradient\": [0.1, -0.2, 0.3]}";
  private static final byte[] OTHER = f4(9, 9, 9);

  // --- 201 and 200

  @Test
  void update_isAcceptedWithAReceipt() {
    Model model = Model.create(Model.plain(3, 3));
    JsonNode receipt =
        model
            .submit(0, "alice", "{\"gradient\": [0.1, -0.2, 0.3], \"weight\": 600}")
            .is(201)
            .json();
    assertThat(receipt.path("model").asString()).isEqualTo(model.name());
    assertThat(receipt.path("round").asLong()).isZero();
    assertThat(receipt.path("client").asString()).isEqualTo("alice");
    assertThat(receipt.path("weight").asDouble()).isEqualTo(600);
    assertThat(receipt.path("digest").asString()).isEqualTo(digest(f4(0.1, -0.2, 0.3)));
    assertThat(receipt.path("updates").asInt()).isEqualTo(1);
    assertThat(model.get(update(0, "alice")).is(200).json()).isEqualTo(receipt);

    JsonNode second = model.putOctets(update(0, "bob"), OTHER).is(201).json();
    assertThat(second.path("weight").asDouble()).isEqualTo(1);
    assertThat(second.path("updates").asInt()).isEqualTo(2);
  }

  @Test
  void update_again_is200WithTheSameReceipt() {
    Model model = Model.create(Model.plain(2, 2));
    JsonNode receipt = model.submit(0, "alice", GRADIENT).is(201).json();
    assertRepeats(model, receipt);
    model.putOctets(update(0, "bob"), OTHER).is(201);
    assertRepeats(model, receipt);
    model.awaitVersion(1);
    assertRepeats(model, receipt);
    assertThat(model.get("/rounds/0").json().path("updates").asInt()).isEqualTo(2);
  }

  private static void assertRepeats(Model model, JsonNode receipt) {
    String alice = update(0, "alice");
    assertThat(model.putJson(alice, GRADIENT).is(200).json()).isEqualTo(receipt);
    assertThat(model.putOctets(alice, f4(0.1, -0.2, 0.3)).is(200).json()).isEqualTo(receipt);
    assertThat(
            model
                .putJson(alice, "{\"gradient\": [0.1, -0.2, 0.3], \"metrics\": {\"loss\": 9}}")
                .is(200)
                .json())
        .as("metrics are not compared")
        .isEqualTo(receipt);
    assertThat(model.putOctets(alice + "?base=gone-7&weight=1", f4(0.1, -0.2, 0.3)).is(200).json())
        .as("the base is not compared")
        .isEqualTo(receipt);
    assertThat(model.get(alice).is(200).json()).isEqualTo(receipt);
  }

  @Test
  void update_ofNobody_isNotFound() {
    Model model = Model.create(PLAIN);
    model.get(update(0, "alice")).problem(404, "update-not-found");
    model.advance("[1, 2, 3]");
    model.get(update(0, "alice")).problem(404, "update-not-found");
  }

  // --- 409 and 410

  @Test
  void update_thatDiffersFromTheFirst_isRefused() {
    Model model = Model.create(Model.plain(2, 2));
    model.submit(0, "alice", GRADIENT).is(201);
    model.putOctets(update(0, "alice"), OTHER).problem(409, "update-differs");
    model
        .putOctets(update(0, "alice") + "?weight=2", f4(0.1, -0.2, 0.3))
        .problem(409, "update-differs");
    assertThat(model.current().path("updates").asInt()).isEqualTo(1);
  }

  @Test
  void update_forARoundAhead_isRefused() {
    Model model = Model.create(PLAIN);
    model.submit(1, "alice", GRADIENT).problem(409, "round-not-open");
    model.submit(1_000_000_000_000L, "alice", GRADIENT).problem(409, "round-not-open");
  }

  @Test
  void update_fromAnotherBase_isRefused() {
    Model model = Model.create(Model.plain(2, 2));
    String path = update(0, "alice");
    model.putOctets(path + "?base=3f9c2a71-0", OTHER).problem(409, "base-differs");
    model
        .putJson(path, "{\"gradient\": [1, 2, 3], \"base\": \"3f9c2a71-0\"}")
        .problem(409, "base-differs");
    model
        .putJson(path, "{\"base\": \"3f9c2a71-0\", \"gradient\": [1, 2, 3]}")
        .problem(409, "base-differs");
    assertThat(model.current().path("updates").asInt()).isZero();
    model.putOctets(path + "?base=" + model.base(), OTHER).is(201);
    model
        .submit(0, "bob", "{\"gradient\": [1, 2, 3], \"base\": \"%s\"}".formatted(model.base()))
        .is(201);
  }

  @Test
  void update_forARoundThatIsOver_isRefused() {
    Model model = Model.create(PLAIN);
    String base = model.base();
    model.advance("[1, 2, 3]");
    model.advance("[1, 2, 3]");
    JsonNode problem =
        model.putOctets(update(0, "bob") + "?base=" + base, OTHER).problem(410, "round-closed");
    assertThat(problem.path("current_round").asLong(-1)).isEqualTo(2);
    assertThat(problem.path("recorded").asBoolean(true)).isTrue();
    model.submit(1, "bob", GRADIENT).problem(410, "round-closed");
  }

  // --- the order of the checks

  @Test
  void checks_goFromTheOutsideIn() {
    Model model = Model.create(PLAIN);
    model.advance("[1, 2, 3]");
    Http http = model.http();
    String text = "Content-Type: text/plain";
    http.put(Model.unborn().path(update(0, "alice")), OTHER, text).problem(404, "model-not-found");
    http.put(model.path(update(0, "alice")), OTHER, text).problem(410, "round-closed");
    http.put(model.path(update(5, "alice")), OTHER, text).problem(409, "round-not-open");
    http.put(model.path(update(1, "alice") + "?weight=0"), OTHER, text)
        .problem(415, "unsupported-format");
    http.put(model.path(update(1, "alice") + "?weight=0"), new byte[5], OCTETS)
        .problem(422, "bad-weight");
    http.put(model.path(update(1, "alice") + "?metric.=0"), new byte[5], OCTETS)
        .problem(422, "bad-metric");
    http.put(model.path(update(1, "alice") + "?weight=3"), new byte[5], OCTETS)
        .problem(422, "wrong-length");
  }
}
