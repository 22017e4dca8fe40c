package io.fedstep.coordinator;

import io.fedstep.model.DifferentialPrivacy;
import io.fedstep.model.ModelSpec;
import io.fedstep.privacy.Accountant;
import io.fedstep.privacy.Ledger;
import org.jspecify.annotations.Nullable;

/**
 * What a private model may spend, and what its rounds cost.
 *
 * @param accountant of the model's rounds
 * @param rounds how many the budget pays for, or null where there is none
 */
record Budget(DifferentialPrivacy privacy, Accountant accountant, @Nullable Long rounds) {
  /** That of a spec, or null where the model is not private. */
  static @Nullable Budget of(ModelSpec spec) {
    if (!(spec.protection() instanceof DifferentialPrivacy privacy)) {
      return null;
    }
    Accountant accountant = privacy.accountant(spec.round());
    Double epsilon = privacy.epsilon();
    return new Budget(privacy, accountant, epsilon == null ? null : accountant.rounds(epsilon));
  }

  /** The same in a round that cuts to another norm, which costs as much. */
  Budget cutting(@Nullable Double clip) {
    return clip == null ? this : new Budget(privacy.cutting(clip), accountant, rounds);
  }

  /** Whether a client cannot be in one more round. */
  boolean isSpent(Ledger ledger, String client) {
    return rounds != null && ledger.paidBy(client) >= rounds;
  }

  /** Whether nobody who ever took part can be in one more round. */
  boolean isSpent(Ledger ledger) {
    return rounds != null && ledger.isSpent(rounds);
  }

  /** The account of a client that has paid for so many rounds of a ledger's. */
  PrivacyAccount account(Ledger ledger, long paid) {
    return new PrivacyAccount(
        privacy,
        accountant.cost(paid),
        paid,
        rounds == null ? null : Math.max(0, rounds - paid),
        isSpent(ledger));
  }
}
