package io.fedstep.coordinator;

import io.fedstep.model.SecureAggregation;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Decision;
import io.fedstep.round.RoundRefusals;
import io.fedstep.secure.Roster;
import io.fedstep.secure.Shared;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The open round of a secure model at one moment, as its members may see it.
 *
 * @param stage the index of the stage that is under way
 * @param roster its members, or null while they join
 * @param shared what members shared, by client
 * @param updates those that are in, in client-id order
 */
public record SecureRound(
    SecureAggregation secure,
    long number,
    String base,
    int stage,
    @Nullable Roster roster,
    SortedMap<String, Decision.Answered> shared,
    List<Decision.Accepted> updates) {
  /** The stage from which on there is a roster. */
  public static final int ROSTER = 1;

  /** The stage from which on shares can be had. */
  public static final int SHARES = 2;

  /** The stage in which members answer. */
  public static final int UNMASKING = 3;

  /** The roster, which is fixed. */
  public Roster members() {
    return Objects.requireNonNull(roster);
  }

  /**
   * Whether a member can be given what there is from a stage on; false while there is nothing.
   *
   * @throws io.fedstep.problem.RefusedException where it never can
   */
  public boolean gives(int from, String client) {
    if (roster == null) {
      return false;
    }
    if (roster.member(client) == null) {
      throw RoundRefusals.noMember(number, client).exception();
    }
    int over = Math.min(stage, from);
    if ((over > 1 && !shared.containsKey(client)) || (over > 2 && !isOnline(client))) {
      throw Refusal.of(
              Problem.ROUND_CLOSED,
              "Round %s is over for client '%s', which has missed a stage."
                  .formatted(number, client))
          .with("current_round", number + 1)
          .exception();
    }
    return stage >= from;
  }

  private boolean isOnline(String client) {
    return updates.stream().anyMatch(update -> update.client().equals(client));
  }

  /** What is sealed for a member, by the client that sealed it. */
  public SortedMap<String, String> sealedFor(String client) {
    int index = Objects.requireNonNull(members().member(client)).index();
    var sealed = new TreeMap<String, String>();
    shared.forEach((from, answered) -> {
      String one = Shared.sealedFor(answered.document(), index);
      if (one != null) {
        sealed.put(from, one);
      }
    });
    return sealed;
  }

  /** The members whose updates are in. */
  public List<String> online() {
    return updates.stream().map(Decision.Accepted::client).toList();
  }

  /** The members that shared and whose updates are not in. */
  public List<String> missing() {
    List<String> online = online();
    return shared.keySet().stream().filter(client -> !online.contains(client)).toList();
  }

  /** What those online signed, by client; null where members are not pinned. */
  public @Nullable Map<String, String> signatures() {
    if (!secure.isPinned()) {
      return null;
    }
    var signatures = new TreeMap<String, String>();
    updates.forEach(
        update -> signatures.put(update.client(), Objects.requireNonNull(update.signature())));
    return signatures;
  }
}
