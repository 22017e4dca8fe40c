package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import io.fedstep.client.Administration;
import io.fedstep.client.Fedstep;
import io.fedstep.client.Participation;
import io.fedstep.client.RefusedByServer;
import io.fedstep.client.RemoteModel;
import io.fedstep.client.UnsafeException;
import io.fedstep.client.Update;
import io.fedstep.client.Weights;
import java.net.URI;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** What an administrator does with the Java client. */
class JavaAdministrationTest {
  private static final String SPEC =
      "{\"tensors\": {\"w\": [2]}, \"optimizer\": {\"lrate\": 1.0, \"modules\": []}}";

  private static final byte[] FIRST = Update.of(new float[] {1, 2}).bytes();
  private static final Update ONE = Update.of(new float[] {1, 1});

  private final Fedstep fedstep =
      Fedstep.at(URI.create("http://127.0.0.1:" + Server.shared().http().port()));
  private final Model name = Model.unborn();
  private final RemoteModel model = fedstep.model(name.name());
  private final Administration admin = Administration.of(model);
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  @AfterEach
  void stop() {
    threads.shutdownNow();
    threads.close();
    fedstep.close();
  }

  private static void refused(String code, ThrowingCallable request) {
    assertThatThrownBy(request)
        .isInstanceOfSatisfying(RefusedByServer.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  @Test
  void plainTensors_areOnlyAveraged() throws Exception {
    String spec =
        """
        {"tensors": {"w": [1], "mean": {"shape": [1], "step": "plain"}},
         "optimizer": {"lrate": 0.5, "modules": []}}\
        """;
    admin.create(spec, FIRST);
    admin.create(spec.replace("\"w\": [1]", "\"w\": {\"shape\": [1]}"), FIRST);
    refused("model-exists", () -> admin.create(spec.replace("plain", "optimizer"), FIRST));
    assertThat(model.train(Participation.of("alice").forRounds(1), _ -> ONE).floats())
        .containsExactly(0.5f, 1);
  }

  @Test
  void modelIsCreated_withItsFirstWeights_beforeWhichNobodyTrains() throws Exception {
    model.create(SPEC.replace("}}", "}, \"weights\": \"required\"}"));
    Participation once = Participation.of("alice").forRounds(1);
    Future<Weights> alice = threads.submit(() -> model.train(once, _ -> ONE));
    admin.create(SPEC, FIRST);
    assertThat(alice.get().floats()).containsExactly(0, 1);
    admin.create(SPEC, FIRST);
    refused("already-started", () -> admin.create(SPEC, Update.of(new float[] {3, 3}).bytes()));
    refused("model-exists", () -> admin.create(SPEC.replace("[2]", "[3]"), new byte[12]));
  }

  @Test
  void settings_change() throws Exception {
    admin.create(SPEC, FIRST);
    assertThat(admin.setRound("{\"min_updates\": 2}").path("round").path("min_updates").asInt())
        .isEqualTo(2);
    assertThat(admin.setAggregator("\"median\"").path("aggregator").path(0).asString())
        .isEqualTo("median");
    assertThat(admin.setUpdateBound("{\"max_weight\": 9}").path("update_bound").has("max_weight"))
        .isTrue();
    assertThat(admin.setUpdateBound(null).has("update_bound")).isFalse();
    assertThat(admin.setKeepBest("{\"metric\": \"accuracy\"}").has("keep_best")).isTrue();
    assertThat(admin.setKeepBest(null).has("keep_best")).isFalse();
    assertThat(admin.setMetadata("{\"epochs\": 2}").path("metadata").path("epochs").asInt())
        .isEqualTo(2);
    String slower = "{\"lrate\": 0.5, \"modules\": []}";
    assertThat(admin.setOptimizer(slower).path("optimizer").path("lrate").asDouble())
        .isEqualTo(0.5);
  }

  @Test
  void training_isStopped_started_closed_andPutBack() throws Exception {
    admin.create(SPEC, FIRST);
    admin.setRound("{\"min_updates\": 1, \"max_updates\": 2}");
    assertThat(admin.stop().path("phase").asString()).isEqualTo("stopped");
    assertThat(admin.start().path("phase").asString()).isEqualTo("collecting");
    model.submit("alice", model.newest(), ONE);
    assertThat(admin.closeRound().path("closed_by").asString()).isEqualTo("manual");
    assertThat(admin.restore("0", 1).path("version").asLong()).isEqualTo(2);
    assertThat(model.newest().bytes()).isEqualTo(FIRST);
    refused("version-differs", () -> admin.restore("0", 1));
  }

  @Test
  void versions_haveNames() throws Exception {
    admin.create(SPEC, FIRST);
    assertThat(admin.tags()).isEmpty();
    assertThat(admin.tag("shipped", 0).path("version").asLong()).isZero();
    assertThat(admin.tags()).containsExactly(entry("shipped", 0L));
    admin.restore("shipped", 0);
    admin.untag("shipped");
    admin.untag("shipped");
    assertThat(admin.tags()).isEmpty();
  }

  @Test
  @OneMachine("several machines make no copies")
  void model_isMadeFromAnothersVersion() throws Exception {
    admin.create(SPEC, FIRST);
    model.submit("alice", model.newest(), ONE);
    admin.tag("first", 0);
    for (String version : List.of("0", "first", "newest")) {
      RemoteModel copied = fedstep.model(Model.unborn().name());
      Administration copy = Administration.of(copied);
      String other = "{\"round\": {\"min_updates\": 2}}";
      JsonNode made = copy.copy(name.name(), version, other);
      assertThat(made.path("round").path("min_updates").asInt()).isEqualTo(2);
      assertThat(made.path("from").path("model").asString()).isEqualTo(name.name());
      assertThat(copied.newest().floats())
          .containsExactly(version.equals("newest") ? new float[] {0, 1} : new float[] {1, 2});
      assertThat(copy.copy(name.name(), version, other)).isEqualTo(copied.describe());
      copy.delete();
    }
    refused("version-not-found", () -> unborn().copy(name.name(), "9", "{}"));
    refused("model-not-found", () -> unborn().copy("nobody", "newest", "{}"));
  }

  private Administration unborn() {
    return Administration.of(fedstep.model(Model.unborn().name()));
  }

  @Test
  @OneMachine("several machines make no copies")
  void modelThatWasCopiedSecure_getsNothingInTheClear() throws Exception {
    admin.create(SPEC, FIRST);
    RemoteModel copied = fedstep.model(Model.unborn().name());
    String secure =
        "{\"secure\": {\"clip\": 1}, \"round\": {\"min_updates\": 3, \"timeout\": \"1m\"}}";
    Administration.of(copied).copy(name.name(), "newest", secure);
    assertThatThrownBy(() -> copied.submit("alice", model.newest(), ONE))
        .isInstanceOf(UnsafeException.class);
  }

  @Test
  void failuresOfClients_areListed() throws Exception {
    admin.create(SPEC, FIRST);
    Participation explaining = Participation.of("alice").explaining();
    assertThatThrownBy(() ->
            model.train(
                explaining,
                _ -> {
                  throw new IllegalStateException("no data");
                }))
        .isInstanceOf(IllegalStateException.class);
    assertThat(admin.failures(0)).hasSize(1);
    assertThat(admin.failures(0).getFirst().path("detail").asString()).isEqualTo("no data");
  }

  @Test
  @OneMachine("several machines keep nothing that is deleted")
  void modelThatIsDeleted_canBeHadBack() throws Exception {
    admin.create(SPEC, FIRST);
    admin.delete();
    assertThat(fedstep.deleted()).contains(name.name());
    admin.delete();
    refused("model-not-found", model::describe);
    assertThat(admin.undelete().path("version").asLong()).isZero();
    refused("model-exists", admin::undelete);
    assertThat(model.newest().bytes()).isEqualTo(FIRST);
  }
}
