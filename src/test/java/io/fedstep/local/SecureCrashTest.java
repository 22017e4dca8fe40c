package io.fedstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Limits;
import io.fedstep.problem.RefusedException;
import io.fedstep.process.BesideOthers;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.SecureRounds;
import io.fedstep.store.InMemory;
import io.fedstep.store.SimDisk;
import io.fedstep.store.StorageException;
import io.fedstep.vector.Dtype;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A secure round and one that is abandoned, with a failure at one operation of the disk after the
 * other: members send the same again, and both rounds end, and are paid for, as without.
 */
@BesideOthers
@Order(6)
class SecureCrashTest {
  private static final boolean LONG = Boolean.getBoolean("long");
  private static final String M = "secret";
  private static final Limits LIMITS = new Limits(3, 50, 100, 100, 100, 100, 1000, 2);
  private static final List<String> CLIENTS = List.of("ann", "ben", "cem", "dua");
  private static final int MOST_TRIES = 12;
  private static final String SPEC =
      """
      {"tensors": {"w": [3]}, "dtype": "float64", "optimizer": {"lrate": 1.0, "modules": []},
       "round": {"min_updates": 3, "max_updates": 4, "timeout": "40s"},
       "secure": {"threshold": 0.5, "clip": 4, "max_weight": 8}}\
      """;

  /** The same with noise by the members, who are not to pay twice, nor for nothing. */
  private static final String NOISY =
      SPEC.replace(
          "\"clip\": 4, \"max_weight\": 8}",
          """
          "unmask_timeout": "60s"},
          "aggregator": ["averaging", {"steps_weighted": false}],
          "privacy": {"clip_norm": 4, "noise_multiplier": 1, "delta": 1e-5, "where": "clients"}\
          """);

  @ParameterizedTest
  @EnumSource(SimDisk.Fault.class)
  void failureAtEveryOperation_changesNoRound(
      SimDisk.Fault fault, @TempDir(factory = InMemory.class) Path folder) {
    failAtEveryOperation(fault, SPEC, folder);
  }

  @ParameterizedTest
  @EnumSource(names = {"POWER", "KILL"})
  void crashAtEveryOperation_changesNoLedger(
      SimDisk.Fault fault, @TempDir(factory = InMemory.class) Path folder) {
    failAtEveryOperation(fault, NOISY, folder);
  }

  private static void failAtEveryOperation(SimDisk.Fault fault, String spec, Path folder) {
    boolean isCrash = fault == SimDisk.Fault.POWER || fault == SimDisk.Fault.KILL;
    for (int operation = 0; ; operation += isCrash || LONG ? 1 : 7) {
      try (var server =
          new SimServer(
              folder.resolve("at-" + operation), new Random(11), LIMITS, SecureRounds::of)) {
        server.coordinator().create(M, SecureMembers.spec(spec));
        boolean lasting = fault == SimDisk.Fault.NO_RIGHTS || fault == SimDisk.Fault.FULL;
        server.fail(fault, operation, lasting);
        var run = new Run(server);
        server.run(run::all, "%s at operation %s".formatted(fault, operation), run::doing);
        if (!server.hasFailed()) {
          System.out.printf("%s at each of %s operations%n", fault, operation);
          return;
        }
      }
    }
  }

  /** Both rounds on one server. */
  private static final class Run {
    private final SimServer server;
    private final SecureMembers members;
    private String doing = "";

    Run(SimServer server) {
      this.server = server;
      members = new SecureMembers(server::coordinator, M);
    }

    String doing() {
      return doing;
    }

    private Coordinator coordinator() {
      return server.coordinator();
    }

    void all() {
      CLIENTS.forEach(client -> until("join " + client, () -> members.join(0, client)));
      CLIENTS.forEach(client -> until("share " + client, () -> members.share(0, client)));
      for (int i = 0; i < 3; i++) {
        String client = CLIENTS.get(i);
        double[] values = {1 << i, -(1 << i), 0.5};
        until("update " + client, () -> update(client, values));
      }
      untilTime(40, () -> coordinator().status(M).stage().equals(SecureRounds.UNMASKING));
      CLIENTS.subList(0, 2).forEach(client -> until("reveal " + client, () -> reveal(client)));
      until(
          "reveal cem",
          () -> {
            if (coordinator().durableStatus(M).round() == 0) {
              reveal("cem");
              server.settle();
            }
          });
      untilTime(0, () -> coordinator().status(M).round() == 1);
      CLIENTS
          .subList(0, 3)
          .forEach(client -> until("join " + client, () -> members.join(1, client)));
      untilTime(30, () -> coordinator().status(M).stage().equals(SecureRounds.SHARING));
      until("share ann", () -> members.share(1, "ann"));
      untilTime(30, () -> coordinator().status(M).round() == 2);
      check();
    }

    private void update(String client, double[] values) {
      if (coordinator().spec(M).isPrivate()) {
        members.noisy(0, client, values);
      } else {
        members.update(0, client, values, 2);
      }
    }

    private void reveal(String client) {
      members.reveal(0, client);
    }

    private void check() {
      server.disk().observed(true);
      RoundRecord first = Objects.requireNonNull(coordinator().rounds().record(M, 0));
      assertThat(first.outcome()).isEqualTo(RoundRecord.Outcome.COMPLETED);
      assertThat(Objects.requireNonNull(first.masked()).missing()).containsExactly("dua");
      boolean isPrivate = coordinator().spec(M).isPrivate();
      byte[] weights = Rig.bytes(coordinator().version(M, 1).weightBytes());
      if (!isPrivate) {
        assertThat(weights).isEqualTo(Rig.bytes(Dtype.FLOAT64, -7.0 / 3, 7.0 / 3, -0.5));
      }
      RoundRecord second = Objects.requireNonNull(coordinator().rounds().record(M, 1));
      assertThat(Objects.requireNonNull(second.abandoned()).missing())
          .containsExactly("ben", "cem");
      assertThat(Rig.bytes(coordinator().version(M, 2).weightBytes())).isEqualTo(weights);
      for (String client : isPrivate ? CLIENTS : List.<String>of()) {
        assertThat(Objects.requireNonNull(coordinator().account(M, client)).rounds())
            .as(client)
            .isEqualTo(client.equals("dua") ? 0 : 1);
      }
      server.disk().observed(false);
    }

    /** Lets time go on until something has come of it. */
    private void untilTime(int seconds, BooleanSupplier done) {
      server.advance(Duration.ofSeconds(seconds));
      for (int tries = 0; ; tries++) {
        doing = "let time go on";
        mend();
        if (!server.disk().struck() && done.getAsBoolean()) {
          return;
        }
        assertThat(tries).isLessThan(MOST_TRIES);
        server.advance(Duration.ofSeconds(6));
      }
    }

    /** Asks again until it is answered. */
    private void until(String what, Runnable request) {
      doing = what;
      for (int tries = 0; ; tries++) {
        try {
          request.run();
          mend();
          return;
        } catch (RefusedException | StorageException e) {
          if (!server.disk().struck() || tries == MOST_TRIES) {
            throw e;
          }
          mend();
        }
      }
    }

    private void mend() {
      if (!server.disk().dead()) {
        server.settle();
      }
      if (server.disk().dead()) {
        server.recover();
      } else if (server.disk().struck() && server.failsNoMore() && !server.heal().isEmpty()) {
        server.restart();
      }
    }
  }
}
