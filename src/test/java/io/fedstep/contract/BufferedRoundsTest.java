package io.fedstep.contract;

import static io.fedstep.contract.Vectors.f4;
import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Buffered asynchronous rounds, and who is invited to a round. */
class BufferedRoundsTest {
  private static final String GRADIENT = "{\"gradient\": [1, 2, 3]}";

  private static Model buffered(int updates, String more) {
    return Model.create(
        """
        {"tensors": {"w": [3]}, "optimizer": {"lrate": 1.0, "modules": []},
         "round": {"mode": "buffered", "min_updates": %s%s}}\
        """
            .formatted(updates, more));
  }

  @Test
  void policy_hasItsDefaults() {
    JsonNode round = buffered(3, "").json("round");
    assertThat(round.path("mode").asString()).isEqualTo("buffered");
    assertThat(round.path("max_updates").asInt()).isEqualTo(3);
    assertThat(round.path("max_staleness").asInt()).isEqualTo(10);
    assertThat(round.path("staleness_exponent").asDouble()).isEqualTo(0.5);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"mode\": \"async\"} | round.mode",
        "{\"mode\": \"buffered\", \"min_updates\": 2, \"max_updates\": 3} | max_updates",
        "{\"mode\": \"buffered\", \"max_staleness\": -1} | max_staleness",
        "{\"mode\": \"buffered\", \"staleness_exponent\": -0.5} | staleness_exponent",
        "{\"max_staleness\": 3} | round.max_staleness",
        "{\"participation\": 0} | participation",
        "{\"participation\": 1.5} | participation",
        "{\"participation\": 0.5} | timeout"
      })
  void policyThatCannotBe_isABadSpec(String round, String place) {
    Reply reply =
        Model.unborn().putJson("", "{\"tensors\": {\"w\": [3]}, \"round\": %s}".formatted(round));
    reply.problem(422, "bad-spec");
    assertThat(reply.json().path("detail").asString()).contains(place);
  }

  @Test
  void updateFromAnOlderVersion_countsLess() {
    Model model = buffered(1, ", \"staleness_exponent\": 1.0");
    model.submit(0, "alice", GRADIENT).is(201);
    model.awaitVersion(1);
    JsonNode receipt =
        model.submit(0, "bob", "{\"gradient\": [1, 1, 1], \"weight\": 3}").is(201).json();
    assertThat(receipt.path("round").asInt()).isEqualTo(1);
    assertThat(receipt.path("trained_from").asInt()).isZero();
    model.awaitVersion(2);
    JsonNode bob = model.get("/rounds/1").is(200).json().path("clients").path(0);
    assertThat(bob.path("trained_from").asInt()).isZero();
    assertThat(bob.path("staleness").asInt()).isEqualTo(1);
    assertThat(bob.path("weight").asDouble()).isEqualTo(3);
    assertThat(bob.path("effective_weight").asDouble()).isEqualTo(1.5);
  }

  @Test
  void repeat_isRecognisedInALaterRound() {
    Model model = buffered(1, ", \"max_staleness\": 2");
    model.submit(0, "alice", GRADIENT).is(201);
    model.awaitVersion(1);
    JsonNode receipt = model.submit(0, "bob", GRADIENT).is(201).json();
    model.awaitVersion(2);
    assertThat(model.submit(0, "bob", GRADIENT).is(200).json()).isEqualTo(receipt);
    assertThat(model.get(Model.update(0, "bob")).is(200).json()).isEqualTo(receipt);
    model.submit(0, "bob", "{\"gradient\": [1, 2, 4]}").problem(409, "update-differs");
    model.submit(2, "carol", GRADIENT).is(201);
    model.awaitVersion(3);
    assertThat(model.submit(0, "bob", GRADIENT).is(200).json()).isEqualTo(receipt);
    Reply late = model.submit(0, "dave", GRADIENT);
    late.problem(410, "round-closed");
    assertThat(late.json().path("current_round").asInt()).isEqualTo(3);
    model.submit(4, "dave", GRADIENT).problem(409, "round-not-open");
  }

  @Test
  void base_isThatOfTheVersionTrainedFrom() {
    Model model = buffered(1, "");
    String first = model.base();
    model.submit(0, "alice", GRADIENT).is(201);
    model.awaitVersion(1);
    String second = model.base();
    byte[] body = f4(1, 2, 3);
    model.putOctets(Model.update(0, "bob") + "?base=" + second, body).problem(409, "base-differs");
    model.putOctets(Model.update(0, "bob") + "?base=" + first, body).is(201);
  }

  @Test
  void policyOfARunningModel_canBecomeBuffered() {
    Model model = Model.create(Model.PLAIN);
    model.submit(0, "alice", GRADIENT).is(201);
    model.awaitVersion(1);
    model.submit(0, "bob", GRADIENT).problem(410, "round-closed");
    model.putJson("/round", "{\"mode\": \"buffered\", \"min_updates\": 2}").is(200);
    assertThat(model.submit(0, "alice", GRADIENT).is(200).json().path("round").asInt()).isZero();
    model.submit(0, "bob", GRADIENT).is(201);
    model.submit(1, "bob", GRADIENT).is(201); // again, from a newer version
    model.awaitVersion(2);
    assertThat(model.get("/rounds/1").json().path("updates").asInt()).isEqualTo(2);
  }

  /** FedBuff, against a plain simulation of it: the same weights to the last bit. */
  @Test
  void training_isThatOfADirectSimulation() {
    int buffer = 3;
    double exponent = 0.5;
    Model model = buffered(buffer, ", \"max_staleness\": 4");
    var random = new Random(7);
    var weights = new float[] {0, 0, 0};
    int version = 0;
    var waiting = new ArrayList<BigDecimal[]>(); // effective weight, then the values
    for (int update = 0; update < 60; update++) {
      int from = Math.max(0, version - random.nextInt(5));
      double[] values = random.doubles(3, -9, 9).map(value -> (float) value).toArray();
      String body =
          "{\"gradient\": %s, \"weight\": %s}".formatted(Arrays.toString(values), update + 1);
      model.submit(from, "c" + update, body).is(201);
      double effective = (update + 1) * Math.pow(1.0 + version - from, -exponent);
      waiting.add(
          DoubleStream.concat(DoubleStream.of(effective), DoubleStream.of(values))
              .mapToObj(BigDecimal::new)
              .toArray(BigDecimal[]::new));
      if (waiting.size() == buffer) {
        for (int i = 0; i < 3; i++) {
          weights[i] -= mean(waiting, i + 1);
        }
        waiting.clear();
        version++;
        model.awaitVersion(version);
      }
    }
    assertThat(version).isEqualTo(20);
    assertThat(model.weights()).isEqualTo(f4(weights[0], weights[1], weights[2]));
  }

  private static float mean(List<BigDecimal[]> updates, int index) {
    BigDecimal sum = BigDecimal.ZERO;
    BigDecimal total = BigDecimal.ZERO;
    for (BigDecimal[] update : updates) {
      sum = sum.add(update[0].multiply(update[index]));
      total = total.add(update[0]);
    }
    return sum.divide(total, MathContext.DECIMAL128).floatValue();
  }

  // --- who is invited

  @Test
  void participation_invitesAShareAndEnforcesIt() {
    Model model =
        Model.create(
            """
            {"tensors": {"w": [3]}, "round": {"min_updates": 500, "participation": 0.2, "timeout": "60m"}}\
            """);
    int invited = 0;
    for (int i = 0; i < 200; i++) {
      String client = "c" + i;
      boolean asked =
          model.get("/rounds/current?client=" + client).json().path("invited").asBoolean();
      invited += asked ? 1 : 0;
      if (i < 40) {
        Reply reply = model.submit(0, client, GRADIENT);
        if (asked) {
          reply.is(201);
          model.submit(0, client, GRADIENT).is(200);
        } else {
          reply.problem(403, "not-invited");
        }
      }
    }
    assertThat(invited).isBetween(20, 60); // 40 are to be expected, 5.7 the standard deviation
    assertThat(model.current().has("invited")).isFalse();
    model.get("/rounds/current?client=a%20b").problem(400, "malformed");
  }

  private static Model sampled(String timeout) {
    return Model.create(
        """
        {"tensors": {"w": [3]},
         "round": {"min_updates": 2, "participation": 0.25, "timeout": "%s"}}\
        """
            .formatted(timeout));
  }

  private static String uninvited(Model model) {
    return IntStream.range(0, 400)
        .mapToObj(i -> "c" + i)
        .filter(client -> !asks(model, client, "").path("invited").asBoolean())
        .findFirst()
        .orElseThrow();
  }

  private static JsonNode asks(Model model, String client, String more) {
    return model.get("/rounds/current?client=" + client + more).is(200).json();
  }

  /** Too few are invited, and the round goes on with more, until it ends. */
  @Test
  void participation_thatInvitesTooFew_isDoubledAtDeadlines() {
    Model model = sampled("60m");
    String alice = uninvited(model);
    model
        .putJson("/round", "{\"min_updates\": 2, \"participation\": 0.25, \"timeout\": \"100ms\"}")
        .is(200);
    JsonNode asked = asks(model, alice, "&wait=30s");
    assertThat(asked.path("invited").asBoolean()).isTrue();
    double share = asked.path("participation").asDouble();
    assertThat(share).isIn(0.5, 1.0);
    model.submit(0, alice, GRADIENT).is(201);
    model.get("/rounds/current?after=0&wait=500ms");
    assertThat(model.current().path("participation").asDouble()).isEqualTo(1);
    model.submit(0, "anybody", GRADIENT).is(201);
    model.awaitVersion(1);
    assertThat(model.get("/rounds/0").json().path("participation").asDouble()).isEqualTo(1);
    assertThat(model.get("/rounds/0").json().path("policy").path("participation").asDouble())
        .isEqualTo(0.25);
  }

  @Test
  void waitToBeInvited_endsWithANewPolicy_aRound_aStop_orTheTime() {
    Model model = sampled("60m");
    String alice = uninvited(model);
    assertThat(asks(model, alice, "&wait=20ms").path("invited").asBoolean()).isFalse();
    var policy = model.http().getLater(model.path(waits(alice)));
    model.putJson("/round", "{\"min_updates\": 2}").is(200);
    assertThat(policy.join().is(200).json().path("invited").asBoolean()).isTrue();

    Model stopped = sampled("60m");
    String bob = uninvited(stopped);
    var stop = stopped.http().getLater(stopped.path(waits(bob)));
    stopped.post("/stop").is(200);
    JsonNode phase = stop.join().is(200).json();
    assertThat(phase.path("phase").asString()).isEqualTo("stopped");
    assertThat(phase.path("invited").asBoolean()).isFalse();
    stopped.post("/start").is(200);
    var round = stopped.http().getLater(stopped.path(waits(bob)));
    stopped.post("/versions/0/restore").is(201);
    assertThat(round.join().is(200).json().path("round").asInt()).isEqualTo(1);
  }

  private static String waits(String client) {
    return "/rounds/current?wait=30s&client=" + client;
  }

  /** A policy that is stored stays what it was, and the same again is no change. */
  @Test
  void participationOfARunningModel_asksForATimeout() {
    Model model = Model.create(Model.PLAIN);
    model.putJson("/round", "{\"participation\": 0.5}").problem(422, "bad-spec");
    model.putJson("/round", "{\"participation\": 0.5, \"timeout\": \"60m\"}").is(200);
    model.putJson("/round", "{}").is(200);
  }
}
