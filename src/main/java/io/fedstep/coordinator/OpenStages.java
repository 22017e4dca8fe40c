package io.fedstep.coordinator;

import io.fedstep.round.Basis;
import io.fedstep.round.Decision;
import io.fedstep.round.Members;
import io.fedstep.round.Round;
import io.fedstep.round.SecureRounds;
import io.fedstep.secure.Roster;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * What the open round of a secure model has been sent, at one moment.
 *
 * @param members null while they join
 */
record OpenStages(
    long number,
    String base,
    int stage,
    @Nullable Members members,
    Map<String, Decision.Answered> joins,
    SortedMap<String, Decision.Answered> shared,
    List<Decision.Accepted> updates) {
  /** A copy of a round's; its lock is held. */
  static OpenStages of(Round round) {
    int stage = round.stage();
    boolean isFixed = stage > 0;
    return new OpenStages(
        round.number(),
        round.base(),
        stage,
        isFixed ? round.members() : null,
        isFixed ? Map.copyOf(round.documents(SecureRounds.JOINING)) : Map.of(),
        isFixed
            ? new TreeMap<>(round.documents(SecureRounds.SHARING))
            : Collections.emptySortedMap(),
        round.inClientOrder());
  }

  /** The roster of a round whose members are fixed. */
  Roster roster(SecureRounds rounds, Basis basis) {
    if (members == null) {
      throw new IllegalStateException("there is no roster while members join");
    }
    return rounds.roster(basis, number, base, members, joins);
  }

  /** The round as its members see it. */
  SecureRound seen(SecureRounds rounds, BiFunction<SecureRounds, OpenStages, Roster> rosters) {
    return new SecureRound(
        rounds.secure(),
        number,
        base,
        stage,
        members == null ? null : rosters.apply(rounds, this),
        shared,
        updates);
  }
}
