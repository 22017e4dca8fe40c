package io.fedstep.coordinator;

import io.fedstep.model.SecureAggregation;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.store.ModelHead;
import io.fedstep.store.VersionInfo;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A model as it is at one moment.
 *
 * @param newest its newest version; the open round has its number and trains from it
 * @param updates how many the open round has
 * @param deadline of the open round, or null
 * @param participation the share of clients that the open round invites
 * @param passed how many of its deadlines have passed, as far as that is known here
 * @param refused how many updates were refused since the server started, as far as that is told
 * @param failed how many clients told that they will send no update to the open round, and sent
 *     none
 * @param reported how many reports of versions came since the server started, as far as that is
 *     told
 * @param stage the name of the open round's stage
 * @param answers how many clients have answered each of its stages, as far as it has come
 * @param privacy what the client has spent that has spent most; null unless the model is private
 */
public record ModelStatus(
    ModelHead head,
    VersionInfo newest,
    Phase phase,
    int updates,
    Instant openedAt,
    @Nullable Instant deadline,
    double participation,
    int passed,
    long refused,
    int failed,
    long reported,
    String stage,
    List<Integer> answers,
    @Nullable PrivacyAccount privacy) {
  /** Whether clients mask their updates. */
  public boolean isSecure() {
    return head.spec().secure() != null;
  }

  /** What it is doing, by the name of the stage where a round has several. */
  public String phaseLabel() {
    return phase == Phase.COLLECTING && isSecure() ? stage : phase.label();
  }

  /** The index of the open round's stage. */
  public int stageIndex() {
    return answers.size() - 1;
  }

  /** How many clients have answered a stage of the open round. */
  public int answered(int of) {
    return of < answers.size() ? answers.get(of) : 0;
  }

  /** How many members of the open round have to go all the way; null before they are fixed. */
  public @Nullable Integer threshold() {
    SecureAggregation secure = head.spec().secure();
    return secure == null || stageIndex() == 0 ? null : secure.threshold(answered(0));
  }

  /** Whether training has ended because nobody who took part has any budget left. */
  public boolean isSpent() {
    return privacy != null && privacy.isSpent();
  }

  /** The open round's number. */
  public long round() {
    return newest.version();
  }

  /** Whether nothing happens before the first weights are set. */
  public boolean awaitsWeights() {
    return head.awaitsWeights(newest);
  }

  /** Whether a client is invited to the open round. */
  public boolean invites(String client) {
    return !awaitsWeights() && head.invites(round(), client, participation);
  }

  /** With how many updates it may close at its deadline. */
  public int minUpdates() {
    return head.spec().round().minUpdates();
  }

  /** With how many updates it closes at once. */
  public int maxUpdates() {
    return head.spec().round().maxUpdates();
  }

  /** Throws while the model waits for its first weights. */
  public void checkWeights() {
    if (awaitsWeights()) {
      throw noWeights(head.model()).exception();
    }
  }

  /** The refusal of what needs a version of a model that waits for its first weights. */
  static Refusal noWeights(String model) {
    return Refusal.of(
            Problem.NO_WEIGHTS,
            "Model '%s' waits for its first weights; PUT weights sets them.".formatted(model))
        .retryAfter(1);
  }
}
