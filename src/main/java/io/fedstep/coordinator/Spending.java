package io.fedstep.coordinator;

import io.fedstep.privacy.Ledger;
import io.fedstep.privacy.Standing;
import io.fedstep.round.Decision;
import io.fedstep.round.Round;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the newest version of a private model carries along, and what follows from it.
 *
 * @param budget of the round that trains from it, with the norm to which that cuts
 * @param isSpent whether nobody who ever took part can be in another
 * @param most of the client that has spent most
 */
record Spending(Budget budget, Standing standing, boolean isSpent, PrivacyAccount most) {
  /** That of a version of a model with a budget. */
  static Spending of(Budget model, Standing standing) {
    Budget budget = model.cutting(standing.clip());
    Ledger ledger = standing.ledger();
    return new Spending(
        budget, standing, budget.isSpent(ledger), budget.account(ledger, ledger.most()));
  }

  /** Whether a client has no budget left for one more round. */
  boolean isSpent(String client) {
    return budget.isSpent(standing.ledger(), client);
  }

  /** What a client has spent, or the one that has spent most. */
  PrivacyAccount account(@Nullable String client) {
    Ledger ledger = standing.ledger();
    return client == null ? most : budget.account(ledger, ledger.paidBy(client));
  }

  /**
   * What is carried along once a round is over that was closed: it is paid for by those who are in
   * it, unless it was abandoned and the noise is the clients', for then nothing of it was seen.
   */
  Standing after(Round closed) {
    return budget.privacy().isByClients() && closed.abandoned() != null ? standing : paid(closed);
  }

  private Standing paid(Round closed) {
    return standing.after(closed.view().stream().map(Decision.Accepted::client).toList());
  }

  /**
   * The same of a round that ends with a version of its own: its clip norm moves if it is adaptive.
   *
   * @param size how many coordinates an update has
   */
  Standing moved(Round closed, long size) {
    Standing after = after(closed);
    if (budget.privacy().adaptiveClip() == null) {
      return after;
    }
    double[] norms = closed.view().stream().mapToDouble(it -> it.summary().norm()).toArray();
    byte[] key = Objects.requireNonNull(Objects.requireNonNull(closed.closed()).noiseKey()).bytes();
    return after.cutting(budget.privacy().nextClip(size, norms, key));
  }

  /** The ε of the client that has spent most by then. */
  double epsilon(Standing then) {
    return budget.account(then.ledger(), then.ledger().most()).epsilon();
  }
}
