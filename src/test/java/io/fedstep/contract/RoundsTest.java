package io.fedstep.contract;

import static io.fedstep.contract.Model.PLAIN;
import static io.fedstep.contract.Vectors.digest;
import static io.fedstep.contract.Vectors.f4;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Rounds: the open one, the records of those that are over, deadlines. */
class RoundsTest {
  private static final String GRADIENT = "{\"gradient\": [1, 2, 3]}";

  private static Model withTimeout(int min, int max, String timeout) {
    return Model.create(
        """
        {"tensors": {"w": [3]}, "optimizer": {"lrate": 1.0, "modules": []},
         "round": {"min_updates": %s, "max_updates": %s, "timeout": "%s"}}\
        """
            .formatted(min, max, timeout));
  }

  // --- the open round

  @Test
  void current_showsTheOpenRound() {
    Model model = Model.create(Model.plain(2, 3));
    model.submit(0, "alice", GRADIENT).is(201);
    JsonNode current = model.current();
    assertThat(current.path("model").asString()).isEqualTo(model.name());
    assertThat(current.path("round").asLong()).isZero();
    assertThat(current.path("phase").asString()).isEqualTo("collecting");
    assertThat(current.path("base").asString()).isEqualTo(model.base());
    assertThat(current.path("updates").asInt()).isEqualTo(1);
    assertThat(current.path("min_updates").asInt()).isEqualTo(2);
    assertThat(current.path("max_updates").asInt()).isEqualTo(3);
    Instant.parse(current.path("opened_at").asString());
    assertThat(current.path("deadline").isNull()).isTrue();
    assertThat(model.get("/rounds/0").is(200).json()).isEqualTo(current);
  }

  @Test
  void current_afterARoundThatIsOver_returnsAtOnce() {
    Model model = Model.create(PLAIN);
    model.advance("[1, 2, 3]");
    JsonNode current = model.get("/rounds/current?after=0&wait=60s").is(200).json();
    assertThat(current.path("round").asLong()).isEqualTo(1);
  }

  @Test
  void current_afterTheOpenRound_isHeldUntilItIsOver() {
    Model model = Model.create(PLAIN);
    model.get("/rounds/current?after=0&wait=50ms").is(204);
    var waiting = model.http().getLater(model.path("/rounds/current?after=0&wait=60s"));
    model.submit(0, "alice", GRADIENT).is(201);
    assertThat(waiting.join().is(200).json().path("round").asLong()).isEqualTo(1);
    assertThat(model.json("version").asLong()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "?after=x&wait=1ms",
        "?after=1.5&wait=1ms",
        "?after=&wait=1ms",
        "?after=0&after=0&wait=1ms",
        "?after=0&wait=soon"
      })
  void current_withABadQuery_isMalformed(String query) {
    Model.create(PLAIN).get("/rounds/current" + query).problem(400, "malformed");
  }

  // --- closing

  @Test
  void round_closesWithItsLastPlace() {
    Model model = Model.create(Model.plain(1, 2));
    model.submit(0, "alice", GRADIENT).is(201);
    assertThat(model.current().path("round").asLong()).isZero();
    model.submit(0, "bob", "{\"gradient\": [3, 2, 1]}").is(201);
    model.awaitVersion(1);
    assertThat(model.weights()).isEqualTo(f4(-2, -2, -2));
    assertThat(model.get("/rounds/0").json().path("closed_by").asString()).isEqualTo("max_updates");
  }

  @Test
  void close_byHand_answersWithTheCompletedRound() {
    Model model = Model.create(Model.plain(1, 3));
    model.submit(0, "alice", GRADIENT).is(201);
    JsonNode record = model.post("/rounds/current/close").is(200).json();
    assertThat(model.json("version").asLong()).isEqualTo(1);
    assertThat(record.path("round").asLong()).isZero();
    assertThat(record.path("outcome").asString()).isEqualTo("completed");
    assertThat(record.path("closed_by").asString()).isEqualTo("manual");
    assertThat(record.path("updates").asInt()).isEqualTo(1);
    assertThat(model.get("/rounds/0").is(200).json()).isEqualTo(record);
  }

  @Test
  void close_withTooFewUpdates_isRefused() {
    Model model = Model.create(Model.plain(2, 3));
    model.post("/rounds/current/close").problem(409, "too-few-updates");
    model.submit(0, "alice", GRADIENT).is(201);
    model.post("/rounds/current/close").problem(409, "too-few-updates");
    assertThat(model.current().path("updates").asInt()).isEqualTo(1);
  }

  // --- records

  @Test
  void record_saysWhoContributedWhat() {
    Model model = Model.create(Model.plain(2, 2));
    String bob =
        """
        {"gradient": [3, 0, 4], "weight": 3, "metrics": {"loss": 3.0, "accuracy": 0.5}}\
        """;
    model.submit(0, "bob", bob).is(201);
    model.submit(0, "alice", "{\"gradient\": [0, 0, 0], \"metrics\": {\"loss\": 1}}").is(201);
    model.awaitVersion(1);

    JsonNode record = model.get("/rounds/0").is(200).json();
    assertThat(record.path("outcome").asString()).isEqualTo("completed");
    assertThat(record.path("closed_by").asString()).isEqualTo("max_updates");
    assertThat(record.path("updates").asInt()).isEqualTo(2);
    assertThat(record.path("total_weight").asDouble()).isEqualTo(4);
    assertThat(record.path("metrics").path("loss").asDouble()).isEqualTo(2.5);
    assertThat(record.path("metrics").path("accuracy").asDouble()).isEqualTo(0.5);
    assertThat(record.path("gradient_norm").asDouble()).isCloseTo(3.75, within(1e-9));
    assertThat(record.path("step_norm").asDouble()).isCloseTo(3.75, within(1e-9));
    assertThat(record.findValue("min_updates").asInt()).isEqualTo(2);
    assertThat(record.findValue("lrate").asDouble()).isEqualTo(1);

    assertThat(record.path("clients").values())
        .extracting(client -> client.path("client").asString())
        .containsExactlyInAnyOrder("alice", "bob");
    JsonNode client =
        record
            .path("clients")
            .valueStream()
            .filter(c -> c.path("client").asString().equals("bob"))
            .findFirst()
            .orElseThrow();
    assertThat(client.path("weight").asDouble()).isEqualTo(3);
    assertThat(client.path("norm").asDouble()).isCloseTo(5, within(1e-9));
    assertThat(client.path("digest").asString()).isEqualTo(digest(f4(3, 0, 4)));
    Instant.parse(client.path("received_at").asString());
  }

  @Test
  void record_ofANotFiniteStep_repeatsTheVersion() {
    Model model =
        Model.create(
            """
            {"tensors": {"w": [2]}, "optimizer": {"lrate": 1, "modules": ["rmsprop"]}}\
            """);
    model.advance("[1, 2]");
    byte[] weights = model.weights();
    String state = model.get("/optimizer/state").text();
    String base = model.base();

    model.advance("[1, 3e38]");
    assertThat(model.get("/rounds/1").json().path("outcome").asString()).isEqualTo("not-finite");
    assertThat(model.json("version").asLong()).isEqualTo(2);
    assertThat(model.weights()).isEqualTo(weights);
    assertThat(model.base()).isNotEqualTo(base);
    assertThat(model.get("/optimizer/state").text()).isEqualTo(state);
    model.get("/versions/2/gradient").problem(404, "gradient-not-found");

    model.advance("[1, 2]");
    assertThat(model.get("/rounds/2").json().path("outcome").asString()).isEqualTo("completed");
  }

  @Test
  void record_ofADiscardedRound_saysSo() {
    Model model = Model.create(Model.plain(2, 2));
    model.submit(0, "alice", GRADIENT).is(201);
    model.post("/versions/0/restore").is(201);
    assertThat(model.get("/rounds/0").is(200).json().path("outcome").asString())
        .isEqualTo("discarded");
  }

  @Test
  void round_thatIsNot_isNotFound() {
    Model model = Model.create(PLAIN);
    model.get("/rounds/1").problem(404, "round-not-found");
    model.get("/rounds/99").problem(404, "round-not-found");
    model.get("/rounds/x").problem(400, "malformed");
    model.get("/rounds/-1").problem(400, "malformed");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ?before=3          | 2 1 0
          ?limit=2&before=3  | 2 1
          ?limit=1&before=2  | 1
          ?before=1          | 0
          ?limit=500&before=3| 2 1 0
          """)
  void rounds_areListedNewestFirst(String query, String expected) {
    Model model = Model.create(PLAIN);
    for (int round = 0; round < 3; round++) {
      model.advance("[1, 2, 3]");
    }
    JsonNode rounds = model.get("/rounds" + query).is(200).json().path("rounds");
    assertThat(rounds.values())
        .extracting(round -> round.path("round").asString())
        .containsExactly(expected.split(" "));
    assertThat(rounds.path(0).path("outcome").asString()).isEqualTo("completed");
  }

  @ParameterizedTest
  @ValueSource(strings = {"?limit=x", "?before=x", "?limit=1&limit=2", "?limit=-1"})
  void rounds_withABadQuery_areMalformed(String query) {
    Model.create(PLAIN).get("/rounds" + query).problem(400, "malformed");
  }

  // --- deadlines

  @Test
  void deadline_closesARoundWithEnoughUpdates() {
    Model model = withTimeout(1, 5, "200ms");
    model.submit(0, "alice", GRADIENT).is(201);
    model.awaitVersion(1);
    assertThat(model.get("/rounds/0").json().path("closed_by").asString()).isEqualTo("deadline");
    assertThat(model.weights()).isEqualTo(f4(-1, -2, -3));
  }

  @Test
  void deadline_withTooFewUpdates_passes() {
    Model model = withTimeout(2, 5, "100ms");
    model.submit(0, "alice", GRADIENT).is(201);
    model.get("/rounds/current?after=0&wait=350ms").is(204);

    JsonNode current = model.current();
    assertThat(current.path("updates").asInt()).isEqualTo(1);
    assertThat(current.path("phase").asString()).isEqualTo("collecting");
    Duration distance =
        Duration.between(
            Instant.parse(current.path("opened_at").asString()),
            Instant.parse(current.path("deadline").asString()));
    assertThat(distance).isGreaterThan(Duration.ofMillis(300));
    assertThat(distance.toMillis() % 100).isZero();

    model.submit(0, "bob", "{\"gradient\": [3, 2, 1]}").is(201);
    model.awaitVersion(1);
    JsonNode record = model.get("/rounds/0").json();
    assertThat(record.path("closed_by").asString()).isEqualTo("deadline");
    assertThat(record.path("updates").asInt()).isEqualTo(2);
    assertThat(model.weights()).isEqualTo(f4(-2, -2, -2));
  }
}
