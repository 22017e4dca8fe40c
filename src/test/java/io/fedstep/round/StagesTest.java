package io.fedstep.round;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fedstep.model.RoundPolicy;
import io.fedstep.problem.Refusal;
import io.fedstep.process.BesideOthers;
import io.fedstep.vector.RowFormat;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A round of three stages, decided without clock or file. */
@BesideOthers
class StagesTest {
  private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");
  private static final HiddenSums PROTOCOL = new HiddenSums(new Payload.Row(RowFormat.WORD64, 3));
  private static final RoundPolicy POLICY = new RoundPolicy(2, 3, Duration.ofSeconds(30), null);
  private static final VectorSummary WORDS = new VectorSummary("crc32c:00000001", 0);

  private final Round round = new Round(PROTOCOL.course(), 7, "0a1b2c3d-7", NOW);

  private Verdict<?> answer(String stage, String client, String document) {
    Verdict<Decision.Answered> verdict = round.answer(stage, client, document, NOW);
    if (verdict instanceof Verdict.Enters<Decision.Answered>(var decision)) {
      round.apply(decision);
    }
    return verdict;
  }

  private Verdict<?> send(String client) {
    var origin = new Round.Origin(7, "0a1b2c3d-7");
    var header = UpdateMetadata.of(1, Map.of(), null);
    Verdict<Decision.Accepted> verdict =
        round.accept(client, origin, round.updates(), header, WORDS, NOW);
    if (verdict instanceof Verdict.Enters<Decision.Accepted>(var decision)) {
      round.apply(decision);
    }
    return verdict;
  }

  private void end() {
    round.apply(round.end(Decision.Cause.DEADLINE, POLICY, NOW.plusSeconds(9)));
  }

  private Quorum quorum() {
    return PROTOCOL.quorum(round, POLICY);
  }

  private static String name(Verdict<?> verdict) {
    return switch (verdict) {
      case Verdict.Welcome<?> _ -> "welcome";
      case Verdict.Enters<?> _ -> "enters";
      case Verdict.Repeats<?> _ -> "repeats";
      case Verdict.Refused<?>(Refusal refusal) -> refusal.problem().code();
    };
  }

  /** Alice, bob and carol seal; alice and bob send; alice opens. */
  private void bring(String to) {
    for (String client : List.of("alice", "bob", "carol")) {
      answer(HiddenSums.SEALING, client, "1");
    }
    if (!to.equals(HiddenSums.SEALING)) {
      end();
      send("alice");
      send("bob");
      if (!to.equals(HiddenSums.SENDING)) {
        end();
        answer(HiddenSums.OPENING, "alice", "2");
        if (to.equals("closed")) {
          end();
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    // of a stage, by whom, while which is under way
    "sealing, sealing, dora,  1, enters",
    "sealing, sealing, alice, 1, repeats",
    "sealing, sealing, alice, 2, update-differs",
    "sealing, opening, alice, 2, round-not-open",
    "sealing, opening, dora,  2, round-not-open",
    "sending, sealing, dora,  1, round-closed",
    "sending, sealing, carol, 1, repeats",
    "sending, sealing, carol, 2, update-differs",
    "sending, opening, alice, 2, round-not-open",
    "opening, opening, bob,   2, enters",
    "opening, opening, alice, 2, repeats",
    "opening, opening, alice, 3, update-differs",
    "opening, opening, carol, 2, round-closed",
    "opening, opening, dora,  2, not-invited",
    "opening, sealing, dora,  1, round-closed",
    "closed,  opening, bob,   2, round-closed",
    "closed,  opening, dora,  2, round-closed",
    "closed,  opening, alice, 2, repeats",
    "closed,  sealing, carol, 1, repeats"
  })
  void documents(String underWay, String stage, String client, String document, String verdict) {
    bring(underWay);
    assertThat(name(answer(stage, client, document))).isEqualTo(verdict);
  }

  @ParameterizedTest
  @CsvSource({
    "sealing, alice, round-not-open",
    "sending, alice, repeats",
    "sending, carol, enters",
    "sending, dora,  not-invited",
    "opening, carol, round-closed",
    "opening, bob,   repeats",
    "opening, dora,  not-invited",
    "closed,  carol, round-closed",
    "closed,  bob,   repeats"
  })
  void rows(String underWay, String client, String verdict) {
    bring(underWay);
    assertThat(name(send(client))).isEqualTo(verdict);
    var origin = new Round.Origin(7, "0a1b2c3d-7");
    String admitted = verdict.equals("enters") ? "repeats" : verdict;
    assertThat(name(round.admit(client, origin, null))).isEqualTo(admitted);
  }

  @Test
  void refusal_namesTheNextRound() {
    bring("opening");
    Verdict<?> verdict = answer(HiddenSums.OPENING, "carol", "2");
    assertThat(((Verdict.Refused<?>) verdict).refusal().members())
        .containsEntry("current_round", 8L);
  }

  @Test
  void quorum_isThePolicysFirst_andThenTheMembers() {
    assertThat(quorum()).isEqualTo(new Quorum(2, 3, Duration.ofSeconds(30), true));
    bring("sending");
    assertThat(quorum()).isEqualTo(new Quorum(2, 3, HiddenSums.TIME, false));
    assertThat(round.members()).isEqualTo(new Members(3, 3, 2, 3));
    end();
    assertThat(quorum()).isEqualTo(new Quorum(2, 2, HiddenSums.TIME, false));
    assertThat(round.members()).isEqualTo(new Members(3, 2, 2, 3));
  }

  /** What min_updates was when the roster was fixed holds to the end. */
  @Test
  void policyAfterTheRoster_changesNoQuorum() {
    bring("sending");
    var stricter = new RoundPolicy(3, 5, null, null);
    assertThat(PROTOCOL.quorum(round, stricter).least()).isEqualTo(2);
  }

  @Test
  void deadlineOfMembers_comesOnce() {
    Quorum open = Quorum.of(POLICY);
    assertThat(open.deadline(NOW, NOW.plusSeconds(70))).isEqualTo(NOW.plusSeconds(90));
    Quorum members = Quorum.ofMembers(2, 3, Duration.ofSeconds(40));
    assertThat(members.deadline(NOW, NOW.plusSeconds(70))).isEqualTo(NOW.plusSeconds(40));
    Instant setBack = NOW.minusSeconds(500);
    assertThat(members.deadline(NOW, setBack)).isEqualTo(setBack.plusSeconds(40));
    assertThat(Quorum.ofMembers(2, 3, null).deadline(NOW, NOW)).isNull();
  }

  @Test
  void abandoned_namesTheStage_andWhoIsMissing() {
    bring("sending");
    round.apply(round.abandon(Decision.Cause.DEADLINE, List.of(), NOW));
    Decision.Closed close = new Decision.Closed(Decision.Cause.DEADLINE, NOW);
    assertThat(round.abandoned())
        .isEqualTo(new Decision.Abandoned(close, HiddenSums.SENDING, List.of("carol"), List.of()));
    assertThat(round.closed()).isEqualTo(close);
    assertThat(name(send("carol"))).isEqualTo("round-closed");
    assertThat(name(send("bob"))).isEqualTo("repeats");
  }

  @Test
  void resumedStage_beginsItsTimeAnew() {
    bring("sending");
    assertThat(round.stageBegan()).isEqualTo(NOW.plusSeconds(9));
    round.apply(new Decision.StageResumed(HiddenSums.SENDING, NOW.plusSeconds(100)));
    assertThat(round.stageBegan()).isEqualTo(NOW.plusSeconds(100));
  }

  @Test
  void decisionOfAnotherStage_isAFault() {
    bring("sending");
    var late = new Decision.Answered(HiddenSums.SEALING, "dora", "1", NOW, 4);
    assertThatThrownBy(() -> round.apply(late)).isInstanceOf(IllegalStateException.class);
    var twice = new Decision.StageClosed(HiddenSums.SEALING, Decision.Cause.MANUAL, NOW, 2, 3);
    assertThatThrownBy(() -> round.apply(twice)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void documentsOfAllStages_areThereAtTheEnd() {
    bring("closed");
    assertThat(round.documents(HiddenSums.SEALING)).containsOnlyKeys("alice", "bob", "carol");
    assertThat(round.documents(HiddenSums.OPENING)).containsOnlyKeys("alice");
    assertThat(round.answers(1)).isEqualTo(2);
  }
}
