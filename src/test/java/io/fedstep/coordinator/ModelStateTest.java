package io.fedstep.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.Json;
import io.fedstep.codec.SpecCodec;
import io.fedstep.local.FakeClock;
import io.fedstep.local.Rig;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.round.Round;
import io.fedstep.store.DataFolder;
import io.fedstep.store.ModelFolder;
import io.fedstep.store.ModelHead;
import io.fedstep.store.OpenRound;
import io.fedstep.store.Unforced;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nobody is answered because of a decision before the force that covers it. */
class ModelStateTest {
  private static final Refusal REFUSAL = Refusal.of(Problem.ROUND_CLOSED, "over");

  private DataFolder data;
  private Engine engine;
  private ModelState state;

  @BeforeEach
  void decide(@TempDir Path folder) {
    data = new DataFolder(Unforced.disk(), folder);
    engine = new Engine(new FakeClock(), Scheduler.platform(), Listener.NONE, Rig.LIMITS);
    var spec = Json.readObject(new ByteArrayInputStream(bytes(Rig.plain(1, 1, 1))));
    data.create(
        new ModelHead(
            "toy", "0a1b2c3d", FakeClock.START, SpecCodec.read(spec), false, -1, "5ec3e7"));
    ModelFolder toy = data.open("toy", 1);
    OpenRound open =
        toy.openRound(newest -> new Round(newest.version(), newest.base(), Instant.EPOCH));
    state = new ModelState(toy, open.round(), engine);
    state.change(state::decided); // and not yet forced
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @AfterEach
  void close() {
    state.folder().close();
    engine.close();
    data.close();
  }

  /** Does something on another thread, and returns once that thread waits for something. */
  private static <T> CompletableFuture<T> waiting(Supplier<T> action) {
    var done = new CompletableFuture<T>();
    Thread thread =
        Thread.ofVirtual()
            .start(() -> {
              try {
                done.complete(action.get());
              } catch (RefusedException e) {
                done.completeExceptionally(e);
              }
            });
    while (thread.getState() != Thread.State.WAITING) {
      assertThat(done).isNotDone();
      Thread.onSpinWait();
    }
    return done;
  }

  private static RefusedException refused() {
    return REFUSAL.exception();
  }

  @Test
  void answer_waitsForTheForce() {
    CompletableFuture<String> seen = waiting(() -> state.look(() -> "receipt"));
    assertThat(seen).isNotDone();
    state.durable();
    assertThat(seen.join()).isEqualTo("receipt");
  }

  @Test
  void refusal_waitsForTheForce() {
    CompletableFuture<String> seen =
        waiting(() ->
            state.look(
                () -> {
                  throw refused();
                },
                _ -> false));
    assertThat(seen).isNotDone();
    state.durable();
    assertThat(seen.handle((_, failure) -> failure).join())
        .isInstanceOf(RefusedException.class)
        .isNotInstanceOf(CompletionException.class)
        .extracting(failure -> ((RefusedException) failure).refusal())
        .isEqualTo(REFUSAL);
  }

  @Test
  void whatAnswersNobody_doesNotWait() {
    assertThat(state.look(() -> "welcome", _ -> false)).isEqualTo("welcome");
  }

  @Test
  void whoWaits_whenTheModelEnds_isRefused() {
    CompletableFuture<String> seen = waiting(() -> state.look(() -> "receipt"));
    state.end(REFUSAL);
    assertThat(seen.handle((_, failure) -> failure).join()).isInstanceOf(RefusedException.class);
  }
}
