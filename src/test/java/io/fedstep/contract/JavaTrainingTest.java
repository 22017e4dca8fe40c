package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fedstep.client.Administration;
import io.fedstep.client.Evaluation;
import io.fedstep.client.Fedstep;
import io.fedstep.client.Options;
import io.fedstep.client.Participation;
import io.fedstep.client.RefusedByServer;
import io.fedstep.client.RemoteModel;
import io.fedstep.client.Update;
import io.fedstep.client.Weights;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** The Java client's loop where something is not as it should be. */
class JavaTrainingTest {
  private static final Update ONE = Update.of(new float[] {1, 1});
  private static final Participation ALICE = Participation.of("alice");

  private final URI server = URI.create("http://127.0.0.1:" + Server.shared().http().port());
  private final Fedstep fedstep = Fedstep.at(server);
  private final Model name = Model.unborn();
  private final RemoteModel model = fedstep.model(name.name());
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  @AfterEach
  void stop() {
    threads.shutdownNow();
    threads.close();
    fedstep.close();
  }

  private static String spec(String round) {
    return "{\"tensors\": {\"w\": [2]}, \"optimizer\": {\"lrate\": 1.0, \"modules\": []}, \"round\": %s}"
        .formatted(round);
  }

  private Future<Weights> training(Participation part) {
    return threads.submit(() -> model.train(part, _ -> ONE));
  }

  @Test
  void anotherProcessOfTheSameId_isAnError() throws Exception {
    model.create(spec("{\"min_updates\": 2}"));
    assertThatThrownBy(() ->
            model.train(
                "site",
                weights -> {
                  model.submit("site", weights, Update.of(new float[] {5, 5}));
                  return ONE;
                }))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("another process sends as 'site'");
  }

  @Test
  void updateOfAnEarlierLife_counts() throws Exception {
    model.create(spec("{\"min_updates\": 2, \"rounds\": 1}"));
    model.submit("alice", model.newest(), Update.of(new float[] {5, 5}));
    Future<Weights> alice = training(ALICE);
    model.submit("bob", model.newest(), ONE);
    assertThat(alice.get().version()).isEqualTo(1);
  }

  @Test
  void idThatCannotBe_isSaidBeforeTraining() {
    for (String wrong : List.of("", "alice@hospital", "-a")) {
      assertThatThrownBy(() -> model.train(wrong, _ -> ONE))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("'" + wrong + "'");
    }
  }

  @Test
  void metric_neverCostsAnUpdate() throws Exception {
    model.create(spec("{\"rounds\": 1}"));
    model.train("alice", _ -> ONE.with("auc", Double.NaN).with("val/dice 2", 0.5));
    assertThat(model.round(0).required("metrics").propertyNames()).containsExactly("val/dice 2");
  }

  @Test
  void updateOfWeight0_andNone_sitTheRoundOut() throws Exception {
    model.create(spec("{\"rounds\": 3}"));
    Weights last =
        model.train(
            "alice",
            weights -> {
              if (weights.version() == 2) {
                return ONE;
              }
              model.submit("bob", weights, ONE);
              return weights.version() == 0 ? ONE.weighing(0) : null;
            });
    assertThat(last.version()).isEqualTo(3);
    assertThat(model.round(0).required("clients")).hasSize(1);
  }

  @Test
  void modelThatIsNotThereYet_isWaitedFor() throws Exception {
    Future<Weights> early = training(ALICE);
    model.create(spec("{\"rounds\": 1}"));
    assertThat(early.get().version()).isEqualTo(1);
    try (var hasty = Fedstep.at(server, Options.defaults().patience(Duration.ZERO))) {
      RemoteModel none = hasty.model("none-such");
      assertThat(
              catchThrowableOfType(RefusedByServer.class, () -> none.train("alice", _ -> ONE))
                  .code())
          .isEqualTo("model-not-found");
    }
  }

  @Test
  void modelThatIsMadeAgain_isTrained() throws Exception {
    model.create(spec("{}"));
    var trained = new ArrayList<Long>();
    Weights last =
        model.train(
            "alice",
            weights -> {
              trained.add(weights.version());
              if (trained.size() == 2) {
                Administration.of(model).delete();
                model.create(spec("{\"rounds\": 3}"));
              }
              return ONE;
            });
    assertThat(last.version()).isEqualTo(3);
  }

  @Test
  void clientThatStays_waitsForAStart() throws Exception {
    model.create(spec("{\"rounds\": 1}"));
    var stopped = new CountDownLatch(1);
    Evaluation measure =
        weights -> {
          if (weights.stopped()) {
            stopped.countDown();
          }
          return null;
        };
    Future<Weights> staying = training(ALICE.staying().forRounds(3).evaluating(measure));
    stopped.await();
    name.putJson("/round", "{\"rounds\": 3}").is(200);
    name.post("/start").is(200);
    assertThat(staying.get().version()).isEqualTo(3);
  }

  @Test
  void server_isToldOfAStepThatFails() throws Exception {
    model.create(spec("{\"min_updates\": 2}"));
    for (boolean explains : List.of(false, true)) {
      assertThatThrownBy(() ->
              model.train(
                  explains ? ALICE.explaining() : ALICE,
                  _ -> {
                    throw new IllegalStateException("patient 7");
                  }))
          .hasMessage("patient 7");
      JsonNode told = name.get("/rounds/0/failures").is(200).json().required("failures").path(0);
      assertThat(told.required("error").asString()).isEqualTo("IllegalStateException");
      assertThat(told.path("detail").asString("")).isEqualTo(explains ? "patient 7" : "");
    }
    assertThat(model.currentRound().required("failed").asInt()).isEqualTo(1);
  }

  @Test
  void eachVersion_isEvaluated_theLastOneToo() throws Exception {
    model.create(spec("{\"rounds\": 2}"));
    var order = new ArrayList<String>();
    model.train(
        ALICE.evaluating(weights -> {
          order.add("evaluate " + Long.toString(weights.version()));
          return new Evaluation.Report(Map.of("first", (double) weights.floats()[0]), 5);
        }),
        weights -> {
          order.add("step " + Long.toString(weights.version()));
          return ONE;
        });
    assertThat(order).containsExactly("evaluate 0", "step 0", "evaluate 1", "step 1", "evaluate 2");
    assertThat(name.get("/versions").is(200).json().required("versions").valueStream())
        .extracting(version -> version.required("metrics").required("first").asDouble())
        .containsExactly(-2.0, -1.0, 0.0);
  }

  @Test
  void modelWithOtherSettings_isTaken_withOtherTensorsNot() throws Exception {
    model.create(spec("{\"min_updates\": 3}"));
    JsonNode there = model.create(spec("{\"min_updates\": 2}"));
    assertThat(there.required("round").required("min_updates").asInt()).isEqualTo(3);
    String other = spec("{\"min_updates\": 3}").replace("[2]", "[4]");
    assertThat(catchThrowableOfType(RefusedByServer.class, () -> model.create(other)).code())
        .isEqualTo("model-exists");
  }

  @Test
  void roundThatMovesOn_whileAClientTrains_isLeft() throws Exception {
    model.create(spec("{\"rounds\": 2}"));
    var first = new CompletableFuture<Void>();
    Weights last =
        model.train(
            "alice",
            weights -> {
              if (first.complete(null)) {
                model.submit("bob", weights, ONE);
              }
              return Update.of(new float[] {7, 7});
            });
    assertThat(last.floats()).containsExactly(-8, -8);
  }
}
