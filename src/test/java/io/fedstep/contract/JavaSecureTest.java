package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fedstep.client.Administration;
import io.fedstep.client.Fedstep;
import io.fedstep.client.Identity;
import io.fedstep.client.Participation;
import io.fedstep.client.RemoteModel;
import io.fedstep.client.UnsafeException;
import io.fedstep.client.Update;
import io.fedstep.client.Weights;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** The Java client trains models whose server sees sums alone. */
@Timeout(120)
@OneMachine("several machines refuse secure models")
class JavaSecureTest {
  private static final List<String> CLIENTS = List.of("ann", "ben", "cem", "dua", "eli");

  private final URI server = URI.create("http://127.0.0.1:" + Server.shared().http().port());
  private final Fedstep fedstep = Fedstep.at(server);
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  @AfterEach
  void stop() {
    threads.shutdownNow();
    threads.close();
    fedstep.close();
  }

  private RemoteModel create(String more) throws Exception {
    RemoteModel model = fedstep.model(Model.unborn().name());
    model.create(spec(more));
    return model;
  }

  private static String spec(String more) {
    return """
    {"tensors": {"w": [3]}, "optimizer": {"lrate": 0.5, "modules": ["rmsprop"]},
     "round": {"min_updates": 5, "max_updates": 5, "timeout": "60s"}%s}
    """
        .formatted(more);
  }

  private static String secure(int bits, int maxWeight, String more) {
    return ", \"secure\": {\"clip\": 16, \"bits\": %s, \"max_weight\": %s, \"metrics\": [\"loss\"]%s}"
        .formatted(bits, maxWeight, more);
  }

  private static String secure(String more) {
    return secure(64, 10, more);
  }

  /** An update whose values are multiples of every grid's step. */
  private static Update update(String client, Weights weights) {
    int place = CLIENTS.indexOf(client) + 1;
    long version = weights.version();
    return Update.of(new float[] {place, -0.5f * place, version + 0.25f})
        .weighing(place)
        .with("loss", 0.5 * place);
  }

  private List<Weights> train(RemoteModel model, Iterable<Participation> parts) throws Exception {
    List<Future<Weights>> running = new ArrayList<>();
    for (Participation part : parts) {
      running.add(
          threads.submit(() -> model.train(part, weights -> update(part.client(), weights))));
    }
    List<Weights> ended = new ArrayList<>();
    for (Future<Weights> one : running) {
      ended.add(one.get());
    }
    return ended;
  }

  private static List<Participation> parts() {
    return CLIENTS.stream().map(client -> Participation.of(client).forRounds(3)).toList();
  }

  @ParameterizedTest
  @CsvSource({"32,1", "64,10"})
  void secureTraining_isThePlainOne_byteForByte(int bits, int weight) throws Exception {
    RemoteModel plain = create("");
    RemoteModel secure = create(secure(bits, weight, ""));
    List<Weights> ended = new ArrayList<>();
    for (RemoteModel model : List.of(plain, secure)) {
      var running = new ArrayList<Future<Weights>>();
      for (Participation part : parts()) {
        running.add(
            threads.submit(() ->
                model.train(
                    part,
                    weights -> {
                      Update update = update(part.client(), weights);
                      return weight == 1 ? update.weighing(1) : update;
                    })));
      }
      for (Future<Weights> one : running) {
        ended.add(one.get());
      }
    }
    assertThat(ended).allSatisfy(last -> assertThat(last.version()).isEqualTo(3));
    assertThat(ended.getLast().bytes()).isEqualTo(ended.getFirst().bytes());
    JsonNode record = secure.round(2);
    assertThat(record.required("metrics")).isEqualTo(plain.round(2).required("metrics"));
    assertThat(record.required("members").intValue()).isEqualTo(5);
  }

  @Test
  void pinnedMembers_trainWithThoseThatTheyTrust() throws Exception {
    var identities = new TreeMap<String, Identity>();
    CLIENTS.forEach(client -> identities.put(client, Identity.random()));
    var texts = new TreeMap<String, String>();
    identities.forEach((client, identity) -> texts.put(client, identity.text()));
    List<Participation> parts = new ArrayList<>();
    identities.forEach(
        (client, own) -> parts.add(Participation.of(client).pinned(own, texts).forRounds(1)));
    RemoteModel model = create(secure(", \"identities\": \"pinned\""));
    assertThat(train(model, parts)).extracting(Weights::version).containsOnly(1L);
    RemoteModel any = create(secure(""));
    assertThatThrownBy(() -> any.train(parts.getFirst(), _ -> null))
        .isInstanceOf(UnsafeException.class)
        .hasMessageContaining("not pinned");
  }

  @Test
  void noiseOfTheClients_isInTheSum_andTheyPayForIt() throws Exception {
    RemoteModel model = fedstep.model(Model.unborn().name());
    model.create(
        """
        {"tensors": {"w": [1000]}, "optimizer": {"lrate": 1.0, "modules": []},
         "aggregator": ["averaging", {"steps_weighted": false}],
         "round": {"min_updates": 3, "max_updates": 5, "timeout": "60s"},
         "secure": {"threshold": 0.5},
         "privacy": {"clip_norm": 2, "noise_multiplier": 1.2, "epsilon": 4, "delta": 1e-5,
                     "where": "clients", "collusion": 1}}
        """);
    float[] values = new float[1000];
    values[0] = 1;
    List<Future<Weights>> running = new ArrayList<>();
    for (String client : CLIENTS) { // until nobody has any budget
      running.add(
          threads.submit(
              () -> model.train(Participation.of(client), _ -> Update.of(values).weighing(17))));
    }
    for (Future<Weights> one : running) {
      assertThat(one.get().version()).isEqualTo(1);
    }
    float[] made = model.version(1).floats();
    assertThat(made[0]).isBetween(-1f - 5, -1f + 5);
    double unit = 1.2 * 2 / 5;
    double squares = 0;
    for (int i = 1; i < made.length; i++) {
      squares += made[i] / unit * (made[i] / unit);
    }
    double shares = 5 / (3 - 1.0); // of five members three go all the way, and one may tell its own
    assertThat(squares / (made.length - 1))
        .isBetween((1 - 5 * Math.sqrt(2e-3)) * shares, (1 + 5 * Math.sqrt(2e-3)) * shares);
    JsonNode record = model.round(0);
    assertThat(record.required("total_weight").doubleValue()).isEqualTo(5);
    JsonNode spent = model.privacy("ann");
    assertThat(spent.required("epsilon")).isEqualTo(record.at("/privacy/epsilon"));
    assertThat(spent.required("rounds_left").longValue()).isZero();
  }

  @Test
  @Tag("slow")
  @Timeout(600)
  void hundredMembers_makeAVersionWithNoise() throws Exception {
    RemoteModel model = fedstep.model(Model.unborn().name());
    model.create(
        """
        {"tensors": {"w": [10]}, "optimizer": {"lrate": 1.0, "modules": []},
         "aggregator": ["averaging", {"steps_weighted": false}],
         "round": {"min_updates": 100, "timeout": "10m", "rounds": 1},
         "secure": {"join_timeout": "10m", "share_timeout": "10m", "unmask_timeout": "10m"},
         "privacy": {"clip_norm": 1, "noise_multiplier": 0.1, "delta": 1e-5,
                     "where": "clients", "collusion": 20}}
        """);
    var running = new ArrayList<Future<Weights>>();
    for (int i = 0; i < 100; i++) {
      String client = "member-" + i;
      running.add(
          threads.submit(
              () -> model.train(Participation.of(client), _ -> Update.of(new float[10]))));
    }
    for (Future<Weights> one : running) {
      assertThat(one.get().version()).isEqualTo(1);
    }
    JsonNode record = model.round(0);
    assertThat(record.required("members").intValue()).isEqualTo(100);
    assertThat(record.required("threshold").intValue()).isEqualTo(67);
    assertThat(record.required("outcome").stringValue()).isEqualTo("completed");
    assertThat(model.privacy("member-99").required("rounds").longValue()).isEqualTo(1);
    for (float value : model.version(1).floats()) { // 0.1 of the norm, and a hundredth of the sum
      assertThat(value).isBetween(-0.02f, 0.02f);
    }
  }

  @Test
  void whoSitsOut_isMissing_andTheSumIsThatOfTheOthers() throws Exception {
    RemoteModel model = fedstep.model(Model.unborn().name());
    model.create(spec(secure("")).replace("\"min_updates\": 5", "\"min_updates\": 3"));
    List<String> others = CLIENTS.subList(0, 4);
    Future<Weights> fay =
        threads.submit(() -> model.train(Participation.of("fay"), _ -> afterOthers(model)));
    train(model, others.stream().map(client -> Participation.of(client).forRounds(1)).toList());
    JsonNode record = model.round(0);
    assertThat(record.required("missing").valueStream().map(JsonNode::stringValue))
        .containsExactly("fay");
    assertThat(record.required("total_weight").intValue()).isEqualTo(1 + 2 + 3 + 4);
    fay.cancel(true);
  }

  /** No update, once those of four others are in; it ends the stage. */
  private static @Nullable Update afterOthers(RemoteModel model)
      throws IOException, InterruptedException {
    int updates = 0;
    while (updates < 4) {
      updates = model.currentRound().path("updates").asInt();
    }
    Administration.of(model).closeRound();
    return null;
  }

  @Test
  void whoStartsAgain_sitsTheRoundOutThatItHasShared() throws Exception {
    RemoteModel model = fedstep.model(Model.unborn().name());
    model.create(spec(secure("")).replace("\"min_updates\": 5", "\"min_updates\": 3"));
    var never = new CountDownLatch(1);
    Future<Weights> first =
        threads.submit(() ->
            model.train(
                Participation.of("eli"),
                _ -> {
                  never.await();
                  return null;
                }));
    List<Participation> others = parts().subList(0, 4);
    List<Future<Weights>> running = new ArrayList<>();
    for (Participation part : others) {
      running.add(
          threads.submit(
              () -> model.train(part.forRounds(2), weights -> update(part.client(), weights))));
    }
    while (!model.currentRound().path("phase").asString("").equals("collecting")) {}
    first.cancel(true);
    running.add(
        threads.submit(() ->
            model.train(Participation.of("eli").forRounds(1), weights -> update("eli", weights))));
    while (model.currentRound().path("updates").asInt() < 4) {}
    Administration.of(model).closeRound();
    for (Future<Weights> one : running) {
      assertThat(one.get().version()).isEqualTo(2);
    }
    assertThat(model.round(0).required("missing").get(0).stringValue()).isEqualTo("eli");
    assertThat(model.round(1).required("missing")).isEmpty();
  }

  @Test
  void whatWasToldSecure_isNotTrainedInTheClear() throws Exception {
    RemoteModel plain = create("");
    assertThatThrownBy(() -> plain.train(Participation.of("ann").securely(), _ -> null))
        .isInstanceOf(UnsafeException.class)
        .hasMessageContaining("told secure");
    RemoteModel secure = create(secure(""));
    secure.describe();
    Weights weights = secure.newest();
    assertThatThrownBy(() -> secure.submit("ann", weights, update("ann", weights)))
        .isInstanceOf(UnsafeException.class);
  }
}
