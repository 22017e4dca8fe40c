package io.fedstep.kafka;

import io.fedstep.close.Part;
import io.fedstep.close.RoundClose;
import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.Failure;
import io.fedstep.coordinator.ModelState;
import io.fedstep.round.Round;
import io.fedstep.round.RoundRecord;
import io.fedstep.store.ModelFolder;
import io.fedstep.store.StorageException;
import io.fedstep.store.Version;
import io.fedstep.store.VersionDraft;
import io.fedstep.store.VersionInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Makes a version of what all ranges have written, or of what an administrator asked for. It is
 * decided before; whoever does it first has done it, and a second one finds it made.
 */
final class Making {
  private static final Duration RETRY = Duration.ofSeconds(5);

  private final ClusterModel model;
  private final ModelState state;
  private final ModelLeader leader;
  private final Engine engine;
  private boolean running;

  Making(ClusterModel model, ModelLeader leader, Engine engine) {
    this.model = model;
    this.leader = leader;
    this.engine = engine;
    state = model.state();
  }

  /**
   * A version that exists.
   *
   * @param openedAt when the round begins that trains from it
   */
  record Made(
      VersionInfo info,
      Instant openedAt,
      @Nullable RoundRecord over,
      Duration aggregation,
      Duration commit) {}

  /** Begins, unless it has begun. */
  void begin() {
    if (!running) {
      running = true;
      JsonNode replacement = model.replacement();
      Round round = state.round();
      engine.startLong(() -> make(replacement, round));
    }
  }

  private void make(@Nullable JsonNode replacement, Round round) {
    try {
      Made made = made(replacement, round);
      leader.later(() -> {
        running = false;
        leader.made(made);
      });
    } catch (StorageException e) {
      if (e.passes()) {
        engine.warn("model %s: the next version cannot be made yet".formatted(state.model()), e);
        var _ = engine.after(RETRY, () -> leader.later(this::again));
      } else {
        fail(e);
      }
    } catch (RuntimeException e) {
      fail(e);
    }
  }

  private Made made(@Nullable JsonNode replacement, Round round) {
    boolean weights = replacement != null && Wire.text(replacement, "kind").equals("weights");
    VersionInfo found = state.folder().sharedDrafts().committed(weights ? 0 : round.number() + 1);
    if (found != null) { // by a leader that could not say so
      return made(found, weights ? round.openedAt() : found.createdAt());
    }
    return replacement == null ? step(round) : replace(replacement, round);
  }

  private Made made(VersionInfo info, Instant openedAt) {
    return new Made(
        info, openedAt, state.folder().made(info).round(), Duration.ZERO, Duration.ZERO);
  }

  private void again() {
    running = false;
    begin();
  }

  private void fail(RuntimeException cause) {
    engine.warn("model %s is stopped by a failure".formatted(state.model()), cause);
    leader.later(() -> {
      running = false;
      leader.fail(Failure.refusal(cause));
    });
  }

  private Made step(Round round) {
    ModelFolder folder = state.folder();
    Instant began = Objects.requireNonNull(round.closed()).at();
    Version before = folder.newest();
    var parts = new ArrayList<Part>();
    for (int shard = 0; shard < model.placement().shards(); shard++) {
      parts.add(PartCodec.read(folder.sharedDrafts().given(round.base(), RangeFold.part(shard))));
    }
    RoundClose.Result result = RoundClose.joined(before, parts);
    VersionDraft draft = folder.sharedDrafts().ofRound(round.base());
    draft.leave(true);
    try {
      if (result.finite()) {
        RoundClose.resume(state.spec(), before, parts, draft);
      } else {
        draft.close();
        draft =
            folder.sharedDrafts().fresh(); // the other is removed with the version's other leavings
        draft.copyWeights(before);
        draft.copyState(before);
      }
      Instant computed = engine.clock().instant();
      RoundRecord over =
          RoundRecord.of(
              round,
              result.finite() ? RoundRecord.Outcome.COMPLETED : RoundRecord.Outcome.NOT_FINITE,
              state.spec(),
              state.participation(),
              computed,
              result.gradientNorm(),
              result.finite() ? result.stepNorm() : null);
      Made made = commit(draft, VersionInfo.MadeBy.ROUND, round.number() + 1, over);
      return new Made(
          made.info(),
          made.openedAt(),
          made.over(),
          Duration.between(began, computed),
          Duration.between(computed, engine.clock().instant()));
    } finally {
      draft.close();
    }
  }

  private Made replace(JsonNode replacement, Round round) {
    ModelFolder folder = state.folder();
    Instant now = engine.clock().instant();
    String kind = Wire.text(replacement, "kind");
    if (kind.equals("weights")) {
      try (VersionDraft draft = handedOver(replacement)) {
        draft.initialState();
        var info =
            new VersionInfo(
                0,
                VersionInfo.MadeBy.WEIGHTS,
                folder.base(0) + "w",
                now,
                Wire.text(replacement, "digest"));
        VersionInfo made = folder.sharedDrafts().commit(draft, info, null);
        return made(made, round.openedAt());
      }
    }
    RoundRecord discarded =
        RoundRecord.of(
            round,
            RoundRecord.Outcome.DISCARDED,
            state.spec(),
            state.participation(),
            now,
            null,
            null);
    boolean restores = kind.equals("restore");
    try (VersionDraft draft = restores ? folder.sharedDrafts().fresh() : handedOver(replacement)) {
      if (restores) {
        Version from =
            Objects.requireNonNull(folder.version(replacement.required("from").longValue()));
        draft.copyWeights(from);
        draft.copyState(from);
      } else {
        draft.copyWeights(folder.newest());
      }
      return commit(
          draft,
          restores ? VersionInfo.MadeBy.RESTORE : VersionInfo.MadeBy.STATE,
          round.number() + 1,
          discarded);
    }
  }

  /** It stays if it cannot be committed now. */
  private VersionDraft handedOver(JsonNode replacement) {
    VersionDraft draft = state.folder().sharedDrafts().handedOver(Wire.text(replacement, "draft"));
    draft.leave(true);
    return draft;
  }

  private Made commit(
      VersionDraft draft, VersionInfo.MadeBy madeBy, long number, RoundRecord over) {
    ModelFolder folder = state.folder();
    var info =
        new VersionInfo(number, madeBy, folder.base(number), over.endedAt(), draft.weightsDigest());
    VersionInfo made = folder.sharedDrafts().commit(draft, info, over);
    return made(made, made.createdAt());
  }

  /** Tells of a round that ended, and removes what was needed for that. */
  void tell(Made made) {
    RoundRecord over = made.over();
    if (over != null) {
      try {
        state.folder().sharedDrafts().clear(over.round());
      } catch (StorageException e) { // a range that nobody waits for may still write
        engine.warn("model %s: drafts stay until the next round".formatted(state.model()), e);
      }
      engine.listener().roundEnded(state.model(), over, made.aggregation(), made.commit());
    }
  }
}
