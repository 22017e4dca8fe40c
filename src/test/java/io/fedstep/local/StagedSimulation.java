package io.fedstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Expected;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.ModelStatus;
import io.fedstep.coordinator.Phase;
import io.fedstep.coordinator.Upload;
import io.fedstep.problem.Problem;
import io.fedstep.problem.RefusedException;
import io.fedstep.round.Decision;
import io.fedstep.round.HiddenSums;
import io.fedstep.round.RoundRecord;
import io.fedstep.store.StorageException;
import io.fedstep.vector.Dtype;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A model whose rounds have three stages, on a simulated disk, and its clients: members and others,
 * who come in time, early, late and again. What each request is answered follows from what was
 * acknowledged; after each, versions and the open round are compared with what has to be.
 */
final class StagedSimulation implements AutoCloseable {
  private static final String M = "staged";
  private static final Limits LIMITS = new Limits(3, 50, 100, 100, 100, 100, 1000, 2);
  private static final List<String> CLIENTS = List.of("ann", "ben", "cem", "dua", "eli");

  private final Random random;
  private final SimServer server;

  /** What was acknowledged of the rounds that are kept. */
  private final Map<Place, Decision.Message> acknowledged = new HashMap<>();

  private final TreeMap<Long, double[]> versions =
      new TreeMap<>(Map.of(0L, new double[Staged.SIZE]));
  private final TreeMap<RoundRecord.Outcome, Integer> outcomes = new TreeMap<>();
  private int stage;
  private String doing = "";
  private @Nullable Held held;

  /** Where a client's message belongs. */
  private record Place(long round, int stage, String client) {}

  /** An upload that has not asked yet to be accepted. */
  private record Held(Place place, Upload upload) {}

  StagedSimulation(Path folder, long seed) {
    random = new Random(seed);
    server = new SimServer(folder, new Random(~seed), LIMITS, HiddenSums::of);
    coordinator().create(M, Staged.spec());
  }

  SimServer server() {
    return server;
  }

  String doing() {
    return doing;
  }

  /** How many rounds ended how. */
  Map<RoundRecord.Outcome, Integer> outcomes() {
    return outcomes;
  }

  private Coordinator coordinator() {
    return server.coordinator();
  }

  // Requests

  /** One request that is drawn, and what comes of it. */
  void step() {
    server.armByChance();
    request(this::drawn);
  }

  /**
   * A request, and what comes of it: a stage and a client that sends its message, {@code +} and
   * seconds that pass, or {@code end} of the stage.
   */
  void step(String request) {
    request(() -> {
      if (request.startsWith("+")) {
        doing = "let time go on";
        server.advance(Duration.ofSeconds(Long.parseLong(request.substring(1))));
      } else if (request.equals("end")) {
        endStage();
      } else {
        message(place(0, request.charAt(0) - '0', request.substring(2)), false);
      }
    });
  }

  private void request(Runnable request) {
    try {
      request.run();
    } catch (RefusedException | StorageException e) {
      if (!server.disk().struck()) {
        throw e;
      }
    }
    settleAndCheck();
  }

  private void settleAndCheck() {
    if (!server.disk().dead()) {
      server.settle();
    }
    if (server.disk().dead()) {
      letGo();
      server.recover();
    } else if (server.disk().struck() && server.failsNoMore()) {
      letGo();
      if (!server.heal().isEmpty()) {
        server.restart();
      }
    }
    if (!server.disk().struck()) {
      check();
    }
  }

  /** Ends the server and starts it again. */
  void restart() {
    letGo();
    server.restart();
    if (server.passes() && server.disk().struck()) {
      server.heal();
    }
    check();
  }

  private void letGo() {
    if (held != null) {
      held.upload().close();
      held = null;
    }
  }

  private void drawn() {
    int dice = random.nextInt(100);
    if (dice < 30 && coordinator().status(M).phase() == Phase.STOPPED) {
      stopOrStart();
    } else if (dice < 55) {
      message(place(0, stage, client()), false);
    } else if (dice < 60) {
      message(place(0, stage, client()), true);
    } else if (dice < 70) {
      message(place(0, random.nextInt(3), client()), random.nextInt(4) == 0);
    } else if (dice < 75) {
      message(place(-1 + 2 * random.nextInt(2), random.nextInt(3), client()), false);
    } else if (dice < 80) {
      hold();
    } else if (dice < 92) {
      doing = "let time go on";
      server.advance(Duration.ofSeconds(1 + random.nextInt(30)));
    } else if (dice < 95) {
      endStage();
    } else if (dice < 98) {
      stopOrStart();
    } else if (dice < 99 && random.nextInt(3) == 0) {
      restore();
    } else {
      doing = "restart";
      restart();
    }
  }

  private String client() {
    return CLIENTS.get(random.nextInt(CLIENTS.size()));
  }

  /** A stage of the open round, or of the one before or after. */
  private Place place(int away, int of, String client) {
    return new Place(Math.max(0, versions.lastKey() + away), of, client);
  }

  private void message(Place place, boolean differs) {
    doing = "%s%s".formatted(place, differs ? ", but another" : "");
    Decision.Message earlier = acknowledged.get(place);
    if (earlier == null && differs) {
      return; // what a client sends follows from its name
    }
    Object expected = expected(place, differs);
    try {
      Decision.Message answered = send(place, differs);
      if (!server.disk().struck()) {
        assertThat((Object) "in").isEqualTo(expected);
      }
      if (earlier != null) {
        assertThat(answered).isEqualTo(earlier);
      }
      acknowledged.put(place, answered);
    } catch (RefusedException e) {
      if (!server.disk().struck()) {
        assertThat((Object) e.refusal().problem()).as(e.getMessage()).isEqualTo(expected);
      }
    }
  }

  private Decision.Message send(Place place, boolean differs) {
    String name = Staged.STAGES.get(place.stage());
    if (place.stage() == 1) {
      Upload.Answer answer = Staged.send(coordinator(), M, place.round(), place.client(), differs);
      server.settle();
      return answer.update();
    }
    int count = count(place.round());
    return Staged.answer(coordinator(), M, place.round(), name, place.client(), count, differs)
        .document();
  }

  /** How many have sent their words: what those who open a sum say. */
  private int count(long round) {
    List<Decision.Accepted> open = coordinator().rounds().open(M, round);
    return open == null ? 0 : open.size();
  }

  /** The answer to a message: that it is in, or the problem. */
  private Object expected(Place place, boolean differs) {
    ModelStatus now = coordinator().durableStatus(M);
    long open = now.round();
    if (place.round() > open) {
      return Problem.ROUND_NOT_OPEN;
    }
    if (place.round() < open) {
      boolean hasReceipt =
          place.stage() == 1
              && coordinator().rounds().update(M, place.round(), place.client()) != null;
      return hasReceipt ? "in" : Problem.ROUND_CLOSED;
    }
    int under = now.answers().size() - 1;
    if (place.stage() > under) {
      return Problem.ROUND_NOT_OPEN;
    }
    if (has(place)) {
      return differs ? Problem.UPDATE_DIFFERS : "in";
    }
    if (place.stage() > 0 && !has(new Place(open, 0, place.client()))) {
      return Problem.NOT_INVITED;
    }
    boolean left = place.stage() == 0 || has(new Place(open, place.stage() - 1, place.client()));
    if (place.stage() < under || !left) {
      return Problem.ROUND_CLOSED;
    }
    return now.phase() == Phase.STOPPED ? Problem.TRAINING_STOPPED : "in";
  }

  /** Whether a message is in the open round. */
  private boolean has(Place place) {
    return place.stage() == 1
        ? coordinator().rounds().update(M, place.round(), place.client()) != null
        : Objects.requireNonNull(
                coordinator()
                    .rounds()
                    .documents(M, place.round(), Staged.STAGES.get(place.stage())))
            .containsKey(place.client());
  }

  /** Begins an upload, or ends the one that was begun: its stage may be over. */
  private void hold() {
    Held before = held;
    if (before == null) {
      Place place = place(0, 1, client());
      doing = "hold " + place;
      if (!acknowledged.containsKey(place)) {
        try {
          Upload upload = coordinator().begin(M, place.round(), place.client(), null);
          held = new Held(place, upload);
        } catch (RefusedException e) {
          // by the rules of a message
        }
      }
      return;
    }
    held = null;
    Place place = before.place();
    doing = "end " + before;
    Object expected = expected(place, false);
    try (Upload upload = before.upload()) {
      byte[] words = Staged.words(place.round(), place.client(), false);
      acknowledged.putIfAbsent(place, Staged.submit(upload, words).update());
      assertThat((Object) "in").isEqualTo(expected);
    } catch (RefusedException e) {
      if (!server.disk().struck()) {
        assertThat((Object) e.refusal().problem()).isEqualTo(expected);
      }
    } finally {
      server.settle();
    }
  }

  private void endStage() {
    doing = "end the stage";
    ModelStatus before = coordinator().durableStatus(M);
    try {
      RoundRecord over = coordinator().changes(M).endStage();
      assertThat(over == null).isEqualTo(before.answers().size() < 3);
    } catch (RefusedException e) {
      assertThat(
              e.refusal().problem() == Problem.TOO_FEW_UPDATES
                  || before.phase() == Phase.STOPPED
                  || server.disk().struck())
          .as(e.getMessage())
          .isTrue();
    }
  }

  private void stopOrStart() {
    doing = "stop or start";
    if (coordinator().status(M).phase() == Phase.STOPPED) {
      coordinator().changes(M).start();
    } else {
      coordinator().changes(M).stop();
    }
  }

  private void restore() {
    doing = "restore";
    long newest = versions.lastKey();
    coordinator().changes(M).restore(coordinator().version(M, newest), new Expected(newest, null));
  }

  // Checks

  private void check() {
    assertThat(coordinator().brokenBy(M)).isNull();
    server.disk().observed(true);
    ModelStatus now = coordinator().durableStatus(M);
    long known = versions.lastKey();
    for (long version = known + 1; version <= now.round(); version++) {
      learn(version);
      stage = 0;
    }
    assertThat(now.round()).isEqualTo(versions.lastKey());
    assertThat(now.answers().size() - 1).as("stages never back").isGreaterThanOrEqualTo(stage);
    stage = now.answers().size() - 1;
    assertThat(now.stage()).isEqualTo(Staged.STAGES.get(stage));
    acknowledged.forEach((place, message) -> {
      if (place.round() == now.round()) {
        assertThat(found(place)).as("%s", place).isEqualTo(message);
      }
    });
    server.disk().observed(false);
  }

  private Decision.@Nullable Message found(Place place) {
    if (place.stage() == 1) {
      return coordinator().rounds().update(M, place.round(), place.client());
    }
    String name = Staged.STAGES.get(place.stage());
    return Objects.requireNonNull(coordinator().rounds().documents(M, place.round(), name))
        .get(place.client());
  }

  /** A version that was not there before: what its record names has to give its weights. */
  private void learn(long version) {
    long round = version - 1;
    RoundRecord record = Objects.requireNonNull(coordinator().rounds().record(M, round));
    outcomes.merge(record.outcome(), 1, Integer::sum);
    List<String> clients = record.clients().stream().map(Decision.Accepted::client).toList();
    double[] before = Objects.requireNonNull(versions.get(round));
    double[] weights = before;
    switch (record.outcome()) {
      case COMPLETED -> weights = Staged.step(before, round, clients);
      case ABANDONED -> {
        Decision.Abandoned why = Objects.requireNonNull(record.abandoned());
        assertThat(why.missing()).isNotEmpty();
        int of = Staged.STAGES.indexOf(why.stage());
        assertThat(of).isPositive();
        assertThat(why.missing())
            .noneMatch(client -> acknowledged.containsKey(new Place(round, of, client)));
      }
      case DISCARDED, NOT_FINITE ->
          assertThat(record.outcome()).isNotEqualTo(RoundRecord.Outcome.NOT_FINITE);
    }
    acknowledged.forEach((place, message) -> {
      if (place.round() == round && place.stage() == 1) {
        assertThat(record.clients()).contains((Decision.Accepted) message);
      }
    });
    assertThat(Rig.bytes(coordinator().version(M, version).weightBytes()))
        .as("version %s, %s of %s", version, record.outcome(), clients)
        .isEqualTo(Rig.bytes(Dtype.FLOAT64, weights));
    versions.put(version, weights);
    acknowledged.keySet().removeIf(place -> place.round() < round - 1);
  }

  /** Whether the disk has failed so far. */
  boolean hasFailed() {
    return server.hasFailed();
  }

  @Override
  public void close() {
    letGo();
    server.close();
  }
}
