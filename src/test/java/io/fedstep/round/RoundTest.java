package io.fedstep.round;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fedstep.problem.Problem;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who is in a round, decided without clock or file. */
class RoundTest {
  private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");
  private static final List<Decision.Cause> CAUSES = List.of(Decision.Cause.values());
  private static final VectorSummary ONE = new VectorSummary("crc32c:00000001", 1);

  private static Round round() {
    return new Round(7, "0a1b2c3d-7", NOW);
  }

  /** A round with one update, of alice: weight 2, digest 1. */
  private static final Round.Origin ORIGIN = new Round.Origin(7, "0a1b2c3d-7");

  private static Round withAlice(boolean closed) {
    Round round = round();
    enter(round, "alice", 2, ONE);
    if (closed) {
      round.apply(round.close(Decision.Cause.MANUAL, NOW));
    }
    return round;
  }

  private static UpdateMetadata header(double weight, @Nullable String base) {
    return UpdateMetadata.of(weight, Map.of(), base);
  }

  private static Decision.Accepted enter(
      Round round, String client, double weight, VectorSummary summary) {
    Verdict<Decision.Accepted> verdict =
        round.accept(client, ORIGIN, round.updates(), header(weight, null), summary, NOW);
    assertThat(verdict).isInstanceOf(Verdict.Enters.class);
    Decision.Accepted decision = ((Verdict.Enters<Decision.Accepted>) verdict).decision();
    round.apply(decision);
    return decision;
  }

  private static String name(Verdict<?> verdict) {
    return switch (verdict) {
      case Verdict.Welcome<?> _ -> "welcome";
      case Verdict.Enters<?> _ -> "enters";
      case Verdict.Repeats<?> _ -> "repeats";
      case Verdict.Refused<?> refused -> refused.refusal().problem().code();
    };
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        // open round: a repeat is recognised before anything else
        "false, bob,   -,          welcome",
        "false, bob,   0a1b2c3d-7, welcome",
        "false, bob,   0a1b2c3d-6, base-differs",
        "false, alice, -,          repeats",
        "false, alice, 0a1b2c3d-6, repeats",
        // closed round
        "true,  bob,   -,          round-closed",
        "true,  bob,   0a1b2c3d-6, round-closed",
        "true,  alice, 0a1b2c3d-6, repeats"
      })
  void admissions(boolean closed, String client, @Nullable String base, String verdict) {
    assertThat(name(withAlice(closed).admit(client, ORIGIN, base))).isEqualTo(verdict);
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "false, bob,   1, 1, -,          enters",
        "false, bob,   1, 1, 0a1b2c3d-7, enters",
        "false, bob,   1, 1, 0a1b2c3d-6, base-differs",
        "false, alice, 2, 1, -,          repeats",
        "false, alice, 2, 1, 0a1b2c3d-6, repeats",
        "false, alice, 3, 1, -,          update-differs",
        "false, alice, 2, 5, -,          update-differs",
        "true,  bob,   1, 1, -,          round-closed",
        "true,  alice, 2, 1, -,          repeats",
        "true,  alice, 2, 5, -,          update-differs"
      })
  void acceptances(
      boolean closed, String client, double weight, int digest, String base, String verdict) {
    var summary = new VectorSummary("crc32c:0000000" + digest, 1);
    Round round = withAlice(closed);
    assertThat(name(round.accept(client, ORIGIN, 9, header(weight, base), summary, NOW)))
        .isEqualTo(verdict);
    assertThat(round.updates()).isEqualTo(1); // nothing counts before it is applied
  }

  @Test
  void decision_saysWhatEntered() {
    Round round = withAlice(false);
    var metrics = Map.of("loss", 0.5, "accuracy", 0.75);
    Verdict<Decision.Accepted> verdict =
        round.accept(
            "bob", ORIGIN, 4, UpdateMetadata.of(3, metrics, null), ONE, NOW.plusSeconds(1));
    assertThat(verdict)
        .isEqualTo(
            new Verdict.Enters<>(
                new Decision.Accepted(
                    "bob", 4, 3, new TreeMap<>(metrics), ONE, NOW.plusSeconds(1), 2, 0)));
  }

  @Test
  void updates_areInClientOrder_whateverTheirArrival() {
    Round round = round();
    for (String client : List.of("b", "B", "a10", "a9", "a", "_", "Z")) {
      enter(round, client, 1, ONE);
    }
    assertThat(round.inClientOrder())
        .map(Decision.Accepted::client)
        .containsExactly("B", "Z", "_", "a", "a10", "a9", "b");
    assertThat(round.view()).containsExactlyElementsOf(round.inClientOrder());
  }

  @Test
  void updateFromAnOlderVersion_isAnotherUpdateOfItsClient() {
    Round round = withAlice(false);
    var older = new Round.Origin(5, "0a1b2c3d-5");
    assertThat(name(round.admit("alice", older, null))).isEqualTo("welcome");
    assertThat(name(round.admit("alice", older, "0a1b2c3d-7"))).isEqualTo("base-differs");
    Verdict<Decision.Accepted> verdict = round.accept("alice", older, 3, header(1, null), ONE, NOW);
    Decision.Accepted stale = ((Verdict.Enters<Decision.Accepted>) verdict).decision();
    round.apply(stale);
    assertThat(stale.staleness()).isEqualTo(2);
    assertThat(round.update("alice", 5)).isEqualTo(stale);
    assertThat(round.inClientOrder())
        .map(Decision.Accepted::staleness)
        .containsExactly(2L, 0L); // the older version first
  }

  @Test
  void journalThatCannotBe_isNotReplayed() {
    Decision.Accepted alice = enter(round(), "alice", 1, ONE);
    Round twice = withAlice(false);
    assertThatThrownBy(() -> twice.apply(alice)).isInstanceOf(IllegalStateException.class);
    Round closed = withAlice(true);
    Decision.Accepted bob = enter(round(), "bob", 1, ONE);
    assertThatThrownBy(() -> closed.apply(bob)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> closed.apply(closed.close(Decision.Cause.MANUAL, NOW)))
        .isInstanceOf(IllegalStateException.class);
  }

  /** What was decided in a run of chances is, applied again, the same round. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void replay_isTheSameRound(long seed) {
    var random = new Random(seed);
    for (int run = 0; run < 100; run++) {
      Round live = round();
      var journal = new ArrayList<Decision>();
      for (int step = 0; step < 60; step++) {
        step(live, journal, random, NOW.plusMillis(step));
      }
      Round replayed = round();
      journal.forEach(replayed::apply);
      assertThat(replayed.inClientOrder()).isEqualTo(live.inClientOrder());
      assertThat(replayed.closed()).isEqualTo(live.closed());
      assertThat(replayed.updates()).isEqualTo(live.updates());
      for (int client = 0; client < 20; client++) {
        String name = "c" + client;
        assertThat(replayed.update(name, 7)).isEqualTo(live.update(name, 7));
        assertThat(replayed.admit(name, ORIGIN, "other"))
            .isEqualTo(live.admit(name, ORIGIN, "other"));
      }
      checkCounts(journal);
    }
  }

  private static void step(Round live, List<Decision> journal, Random random, Instant now) {
    Decision decision = null;
    if (random.nextInt(50) == 0 && live.closed() == null) {
      decision = live.close(CAUSES.get(random.nextInt(CAUSES.size())), now);
    } else {
      var summary = new VectorSummary("crc32c:0000000" + random.nextInt(3), random.nextDouble());
      String base = random.nextInt(9) == 0 ? "other" : null;
      Verdict<Decision.Accepted> verdict =
          live.accept(
              "c" + random.nextInt(20),
              ORIGIN,
              random.nextInt(99),
              header(1 + random.nextInt(3), base),
              summary,
              now);
      decision =
          verdict instanceof Verdict.Enters<Decision.Accepted> enters ? enters.decision() : null;
    }
    if (decision != null) {
      live.apply(decision);
      journal.add(decision);
    }
  }

  private static void checkCounts(List<Decision> journal) {
    int updates = 0;
    for (Decision decision : journal) {
      if (decision instanceof Decision.Accepted accepted) {
        assertThat(accepted.updates()).isEqualTo(++updates);
      }
    }
  }

  @Test
  void lateUpdate_learnsTheCurrentRound() {
    assertThat(RoundRefusals.over(3, 9).members()).containsEntry("current_round", 9L);
    assertThat(RoundRefusals.over(3, 9).problem()).isEqualTo(Problem.ROUND_CLOSED);
  }
}
