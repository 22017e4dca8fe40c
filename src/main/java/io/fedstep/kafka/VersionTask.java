package io.fedstep.kafka;

import io.fedstep.close.RoundClose;
import io.fedstep.close.ShardResult;
import io.fedstep.coordinator.Engine;
import io.fedstep.coordinator.Failure;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.Replacement;
import io.fedstep.coordinator.Retry;
import io.fedstep.coordinator.VersionMaker;
import io.fedstep.problem.Refusal;
import io.fedstep.round.Round;
import io.fedstep.round.RoundRecord;
import io.fedstep.store.StorageException;
import io.fedstep.store.Version;
import io.fedstep.store.VersionDraft;
import io.fedstep.store.VersionInfo;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Makes the versions that a model's leader has decided on, beside its thread: from what the ranges
 * have written, or from a replacement. A second leader finds the version that a first one made.
 */
final class VersionTask implements VersionMaker.Drafts {
  /** A model's leader, which is told of what is made on its own thread. */
  interface Owner {
    /** Does something on the leader's thread, unless it leads no more. */
    void later(Runnable action);

    /** The version exists: the next round begins. */
    void versionMade(VersionMaker.Made made);

    /** The version cannot be made for now, which is said to who waits for it; it is tried again. */
    void versionWaits(StorageException cause);

    /** Nobody can make the version until another leader tries again. */
    void fail(Refusal refusal);
  }

  private final ClusterModel model;
  private final ModelState state;
  private final Owner leader;
  private final Engine engine;
  private final VersionMaker maker;
  private final Retry retry;
  private boolean running;

  VersionTask(ClusterModel model, Owner leader, Engine engine) {
    this.model = model;
    this.leader = leader;
    this.engine = engine;
    state = model.state();
    maker = new VersionMaker(state, this);
    retry = new Retry(engine, work -> leader.later(() -> start(work)));
  }

  /** Begins, unless it has begun. */
  void begin() {
    if (!running) {
      running = true;
      Replacement by = model.replacement();
      Round round = state.round();
      start(() ->
          retry.attempt(
              () -> make(round, by), cause -> leader.later(() -> leader.versionWaits(cause))));
    }
  }

  private void start(Runnable work) {
    engine.startLong(() -> {
      try {
        work.run();
      } catch (RuntimeException e) {
        fail(e);
      }
    });
  }

  private void make(Round round, @Nullable Replacement by) {
    VersionMaker.Made existing = existing(round, by);
    VersionMaker.Made made = existing != null ? existing : maker.make(round, by);
    leader.later(() -> {
      running = false;
      leader.versionMade(made);
    });
  }

  /** The version that another leader made, which could not say so; or null. */
  private VersionMaker.@Nullable Made existing(Round round, @Nullable Replacement by) {
    boolean isFirst = by instanceof Replacement.Weights;
    VersionInfo found = model.drafts().committed(isFirst ? 0 : round.number() + 1);
    return found == null
        ? null
        : new VersionMaker.Made(found, state.folder().follower().versionMade(found).round());
  }

  private void fail(RuntimeException cause) {
    engine.logError("model %s is stopped by a failure".formatted(state.model()), cause);
    leader.later(() -> {
      running = false;
      leader.fail(Failure.refusal(cause));
    });
  }

  @Override
  public VersionDraft ofRound(Round round) {
    return left(model.drafts().ofRound(round.base()));
  }

  /** A draft that stays if it cannot be committed now. */
  private static VersionDraft left(VersionDraft draft) {
    draft.leave(true);
    return draft;
  }

  @Override
  public RoundClose.Result fill(VersionDraft draft, Round round, Version before) {
    var parts = new ArrayList<ShardResult>();
    for (int shard = 0; shard < model.placement().shards(); shard++) {
      parts.add(PartCodec.read(model.drafts().given(round.base(), RangeClose.part(shard))));
    }
    RoundClose.Result result = RoundClose.joined(before, parts);
    if (result.finite()) {
      RoundClose.resume(state.spec(), before, parts, draft);
    }
    return result;
  }

  @Override
  public Duration passed(Round round) {
    return Duration.between(Objects.requireNonNull(round.closed()).at(), engine.clock().instant());
  }

  @Override
  public VersionDraft fresh() {
    return model.drafts().fresh();
  }

  @Override
  public VersionDraft named(String name) {
    return left(model.drafts().handedOver(name));
  }

  @Override
  public VersionInfo commit(VersionDraft draft, VersionInfo info, @Nullable RoundRecord over) {
    return model.drafts().commit(draft, info, over);
  }

  /** Tells of a round that ended, and removes what was needed for that. */
  void tell(VersionMaker.Made made) {
    RoundRecord over = made.over();
    if (over != null) {
      try {
        model.drafts().clear(over.round());
      } catch (StorageException e) { // a range that nobody waits for may still write
        engine.logError("model %s: drafts stay until the next round".formatted(state.model()), e);
      }
    }
    maker.tell(made);
  }
}
