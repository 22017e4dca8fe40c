package io.fedstep.local;

import io.fedstep.close.Gather;
import io.fedstep.close.RoundClose;
import io.fedstep.close.ShardResult;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.VersionMaker;
import io.fedstep.round.Round;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.WordSums;
import io.fedstep.store.Version;
import io.fedstep.store.VersionDraft;
import io.fedstep.store.VersionInfo;
import io.fedstep.vector.Range;
import io.fedstep.vector.Shard;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Drafts in a model's folder.
 *
 * @param named the draft that an administrator has filled, for a replacement that names it
 */
record LocalDrafts(ModelState state, RoundOpening opening, @Nullable VersionDraft named)
    implements VersionMaker.Drafts {
  /** Up to here a step takes about a millisecond, less than waking other threads is worth. */
  private static final long FEW_PARAMETERS = 4 * Range.TILE;

  static boolean isSmall(ModelState state) {
    return state.spec().parameters() <= FEW_PARAMETERS;
  }

  @Override
  public VersionDraft ofRound(Round round) {
    return state.folder().roundDraft();
  }

  @Override
  public RoundClose.Result fill(VersionDraft draft, Round round, Version before) {
    WordSums sums = state.secrets().sums(state.round());
    if (sums == null) {
      return close(draft, round, before, null);
    }
    try {
      return close(draft, round, before, sums).of(sums);
    } finally {
      sums.wipe();
    }
  }

  private RoundClose.Result close(
      VersionDraft draft, Round round, Version before, @Nullable WordSums sums) {
    ShardResult whole =
        RoundClose.run(
            state.specOfRound(),
            round.secrets(state.folder().head().secret()),
            before,
            round.inClientOrder(),
            opening.open().matrix(),
            sums,
            Shard.WHOLE,
            draft,
            Gather.WHOLE,
            state.engine().helpers(),
            isSmall(state) ? 1 : state.engine().threads());
    return RoundClose.joined(before, List.of(whole));
  }

  @Override
  public Duration passed(Round round) {
    return Duration.ZERO;
  }

  @Override
  public VersionDraft fresh() {
    return state.folder().draft();
  }

  @Override
  public VersionDraft named(String name) {
    return Objects.requireNonNull(named);
  }

  @Override
  public VersionInfo commit(VersionDraft draft, VersionInfo info, @Nullable RoundRecord over) {
    opening.commit(draft, info, over);
    return info;
  }
}
