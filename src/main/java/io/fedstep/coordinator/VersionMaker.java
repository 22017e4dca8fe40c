package io.fedstep.coordinator;

import io.fedstep.close.RoundClose;
import io.fedstep.privacy.Standing;
import io.fedstep.round.ControlRounds;
import io.fedstep.round.Round;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.SecureRounds;
import io.fedstep.store.ModelFolder;
import io.fedstep.store.Version;
import io.fedstep.store.VersionDraft;
import io.fedstep.store.VersionInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Makes a model's versions, from closed rounds and from replacements of rounds. */
public final class VersionMaker {
  private final ModelState state;
  private final ModelFolder folder;
  private final Drafts drafts;

  /** An engine's drafts, and the step that makes a draft a version on disk. */
  public interface Drafts {
    /** The draft of a closed round; to be closed. */
    VersionDraft ofRound(Round round);

    /** Fills the draft of a closed round, unless its numbers are not finite. */
    RoundClose.Result fill(VersionDraft draft, Round round, Version before);

    /** The time that the close has taken before its draft is filled. */
    Duration passed(Round round);

    /** An empty draft; to be closed. */
    VersionDraft fresh();

    /** The draft of that name, which an administrator has filled. */
    VersionDraft named(String name);

    /**
     * Makes a draft a version on disk.
     *
     * @param over the round that ends with it, or null for the first weights
     * @return the version that is on disk, which another process may have made before
     */
    VersionInfo commit(VersionDraft draft, VersionInfo info, @Nullable RoundRecord over);
  }

  /**
   * A version that exists.
   *
   * @param over the round that ended with it, or null for the first weights
   */
  public record Made(
      VersionInfo info, @Nullable RoundRecord over, Duration aggregation, Duration commit) {
    /** One that took no time that is measured. */
    public Made(VersionInfo info, @Nullable RoundRecord over) {
      this(info, over, Duration.ZERO, Duration.ZERO);
    }
  }

  /** Makes the versions of a model. */
  public VersionMaker(ModelState state, Drafts drafts) {
    this.state = state;
    this.drafts = drafts;
    folder = state.folder();
  }

  /** Tells the listener of the round that ended with a version. */
  public void tell(Made made) {
    RoundRecord over = made.over();
    if (over != null) {
      state.engine().listener().roundEnded(state.model(), over, made.aggregation(), made.commit());
    }
  }

  /** Makes the version of a closed round, or of its replacement. */
  public Made make(Round round, @Nullable Replacement by) {
    return by == null ? ofRound(round) : replace(round, by);
  }

  private Made ofRound(Round round) {
    Version before = folder.newest();
    if (round.abandoned() != null) {
      return repeat(round, before);
    }
    Duration passed = drafts.passed(round);
    long started = System.nanoTime();
    VersionDraft draft = drafts.ofRound(round);
    try {
      RoundClose.Result result = drafts.fill(draft, round, before);
      boolean isUsed = result.finite() && result.plausible();
      if (!isUsed) {
        draft.close();
        draft = drafts.fresh();
        draft.copyWeights(before);
        draft.copyState(before);
      }
      long computed = System.nanoTime();
      RoundRecord over =
          result.plausible()
              ? record(
                      round,
                      isUsed ? RoundRecord.Outcome.COMPLETED : RoundRecord.Outcome.NOT_FINITE,
                      result.gradientNorm(),
                      isUsed ? result.stepNorm() : null)
                  .told(result.masked())
              : record(round, RoundRecord.Outcome.ABANDONED, null, null)
                  .abandonedAt(SecureRounds.CLOSING);
      draft.keep(carried(it -> isUsed ? it.moved(round, size()) : it.after(round)));
      ControlRounds controls = before.controls();
      draft.keep(known(isUsed ? controls.after(round.number(), round.inClientOrder()) : controls));
      VersionInfo made = next(draft, VersionInfo.MadeBy.ROUND, over);
      return new Made(
          made,
          over,
          passed.plusNanos(computed - started),
          Duration.ofNanos(System.nanoTime() - computed));
    } finally {
      draft.close();
    }
  }

  /** Makes the version of an abandoned round, which is the one before again. */
  private Made repeat(Round round, Version before) {
    RoundRecord over = record(round, RoundRecord.Outcome.ABANDONED, null, null);
    try (VersionDraft draft = drafts.fresh()) {
      draft.copyWeights(before);
      draft.copyState(before);
      draft.keep(carried(it -> it.after(round)));
      draft.keep(known(before.controls()));
      return new Made(next(draft, VersionInfo.MadeBy.ROUND, over), over);
    }
  }

  private RoundRecord record(
      Round round,
      RoundRecord.Outcome outcome,
      @Nullable Double gradientNorm,
      @Nullable Double stepNorm) {
    boolean isPaid = outcome != RoundRecord.Outcome.DISCARDED;
    Spending spending = state.spending();
    return RoundRecord.of(
            round,
            outcome,
            state.specOfRound(),
            state.participation(),
            now(),
            gradientNorm,
            stepNorm)
        .spent(
            spending == null
                ? null
                : (Double) spending.epsilon(isPaid ? spending.after(round) : spending.standing()))
        .told(state.protocol().unopened(round));
  }

  private Instant now() {
    return state.engine().clock().instant();
  }

  private Made replace(Round round, Replacement by) {
    RoundRecord discarded = record(round, RoundRecord.Outcome.DISCARDED, null, null);
    return switch (by) {
      case Replacement.Restored(var number) -> {
        Version from = Objects.requireNonNull(folder.version(number));
        try (VersionDraft draft = drafts.fresh()) {
          draft.copyWeights(from);
          draft.copyState(from);
          draft.keep(carried(it -> restored(it, from))); // what was published cannot be taken back
          draft.keep(known(from.controls()));
          yield new Made(next(draft, VersionInfo.MadeBy.RESTORE, discarded), discarded);
        }
      }
      case Replacement.State(var name) -> {
        try (VersionDraft draft = drafts.named(name)) {
          draft.copyWeights(folder.newest());
          draft.keep(carried(Spending::standing));
          draft.keep(known(ControlRounds.of(draft.clients(), round.number())));
          yield new Made(next(draft, VersionInfo.MadeBy.STATE, discarded), discarded);
        }
      }
      case Replacement.Weights(var name, var digest) -> {
        try (VersionDraft draft = drafts.named(name)) {
          draft.initialState();
          draft.keep(carried(Spending::standing));
          draft.keep(known(ControlRounds.NONE));
          String base = folder.base(0) + "w";
          var info = new VersionInfo(0, VersionInfo.MadeBy.WEIGHTS, base, now(), digest);
          yield new Made(drafts.commit(draft, info, null), null);
        }
      }
    };
  }

  /** What the next version of a private model carries along; null of others. */
  private @Nullable Standing carried(Function<Spending, Standing> next) {
    Spending spending = state.spending();
    return spending == null ? null : next.apply(spending);
  }

  /** Of which round each client's control is, where there are controls. */
  private @Nullable ControlRounds known(ControlRounds controls) {
    return state.spec().hasControls() ? controls : null;
  }

  private static Standing restored(Spending newest, Version from) {
    return newest.standing().cutting(from.standing().clip());
  }

  private long size() {
    return state.spec().parameters();
  }

  private VersionInfo next(VersionDraft draft, VersionInfo.MadeBy madeBy, RoundRecord over) {
    long number = over.round() + 1;
    return drafts.commit(
        draft,
        new VersionInfo(number, madeBy, folder.base(number), over.endedAt(), draft.weightsDigest()),
        over);
  }
}
