package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.process.BesideOthers;
import io.fedstep.process.ChildServer;
import io.fedstep.secure.Roster;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * {@code kill -9} of a real server in every stage of secure rounds, and between any two: what was
 * acknowledged is there, the rest can be sent again as it was, and each round makes the version
 * that it would have made.
 */
@BesideOthers
class SecureKillTest {
  private static final int KILLS = Boolean.getBoolean("long") ? 40 : 3;
  private static final int STAGES = 4;
  private static final int FOUR = SecureTest.FOUR.size();
  private static final long PAUSE_NANOS = TimeUnit.MICROSECONDS.toNanos(100);
  private static final long MOST_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final int SEED = 7;

  /** Each of four updates in the clear is [1, -2, 0.5] with the weight 2; the step subtracts it. */
  private static final byte[] WEIGHTS =
      ByteBuffer.allocate(12)
          .order(ByteOrder.LITTLE_ENDIAN)
          .putFloat(-1)
          .putFloat(2)
          .putFloat(-0.5f)
          .array();

  /** How many messages a stage takes before the one that ends it: three answers open the sum. */
  private static int beforeLast(int stage) {
    return stage == STAGES - 1 ? 2 : FOUR - 1;
  }

  /** A round that is struck in a stage which so many have answered. */
  private record Struck(Model model, int stage, int answered) {
    /** Brings the round to where it is struck. */
    void begin() {
      model.putJson("", SecureTest.SPEC).is(201);
      for (int before = 0; before < stage; before++) {
        sendAll(before, SecureTest.FOUR);
      }
      sendAll(stage, SecureTest.FOUR.subList(0, answered));
    }

    private void sendAll(int at, List<String> clients) {
      Roster roster = at == 0 ? null : SecureTest.roster(model);
      clients.forEach(client -> send(roster, at, client).is(201));
    }

    private Reply send(@Nullable Roster roster, int at, String client) {
      return roster == null
          ? SecureTest.send(model, at, client)
          : SecureTest.send(model, roster, at, client);
    }

    /** Sends one more message, which the kill may cut off or leave unanswered. */
    void sendNext() {
      try {
        SecureTest.send(model, stage, SecureTest.FOUR.get(answered)).is(201);
      } catch (UncheckedIOException e) {
        // whoever was not answered sends it again
      }
    }

    Struck on(Http http) {
      return new Struck(new Model(http, model.name()), stage, answered);
    }

    /** Whether the round is over; awaits its version if there are answers that open its sum. */
    private boolean isOver() {
      JsonNode now = model.get("/rounds/current").is(200).json();
      if (now.path("round").asInt() == 1) {
        return true;
      }
      boolean isClosing = now.path("phase").asString().equals("closing");
      if (isClosing || now.path("revealed").asInt() > beforeLast(STAGES - 1)) {
        model.awaitVersion(1);
        return true;
      }
      return false;
    }

    /** Has all send again what they sent last, and what is still to come. */
    void goOn() {
      for (int at = stage; at < STAGES; at++) {
        Roster roster = at == 0 || isOver() ? null : SecureTest.roster(model);
        for (int i = 0; i < FOUR && (at < STAGES - 1 || !isOver()); i++) {
          Reply reply = send(roster, at, SecureTest.FOUR.get(i));
          boolean isKnown = at == stage && i < answered;
          assertThat(reply.status())
              .as("%s of %s at %s: %s", i, this, at, reply)
              .isIn(isKnown ? 200 : 201, 200);
        }
      }
      model.awaitVersion(1);
      assertThat(model.weights()).as(toString()).isEqualTo(WEIGHTS);
      JsonNode round = model.get("/rounds/0").is(200).json();
      assertThat(round.path("outcome").asString()).isEqualTo("completed");
      assertThat(round.path("total_weight").asDouble()).isEqualTo(2.0 * FOUR);
      assertThat(round.path("missing")).isEmpty();
      assertThat(round.path("wrong")).isEmpty();
    }
  }

  @Test
  void rounds_goOnWhereTheyWere(@TempDir Path data) throws Exception {
    var random = new SplittableRandom(SEED);
    ChildServer server = ChildServer.start(data, "-Xmx128m");
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int kill = 0; kill < KILLS; kill++) {
        Http http = new Http(server.port());
        String name = "kill-%s-".formatted(kill);
        List<Struck> rounds =
            IntStream.range(0, 2 * STAGES)
                .mapToObj(i ->
                    new Struck(
                        new Model(http, name + i),
                        i / 2,
                        i % 2 == 0 ? random.nextInt(beforeLast(i / 2)) : beforeLast(i / 2)))
                .toList();
        all(rounds, Struck::begin);
        var sent = new AtomicInteger();
        for (Struck round : rounds) {
          var _ =
              threads.submit(() -> {
                try {
                  round.sendNext();
                } finally {
                  sent.incrementAndGet();
                }
              });
        }
        int most = random.nextInt(rounds.size() + 1); // on a busy machine too, some are in
        while (sent.get() < most) {
          LockSupport.parkNanos(PAUSE_NANOS);
        }
        LockSupport.parkNanos(random.nextLong(MOST_NANOS));
        server.close();
        server = ChildServer.start(data, "-Xmx128m");
        Http next = new Http(server.port());
        all(rounds, round -> round.on(next).goOn());
      }
    } finally {
      server.close();
    }
  }

  /** Does something with all rounds at once. */
  private static void all(List<Struck> rounds, Consumer<Struck> action) throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> done =
          rounds.stream()
              .<Future<?>>map(round -> threads.submit(() -> action.accept(round)))
              .toList();
      for (Future<?> one : done) {
        one.get();
      }
    }
  }
}
