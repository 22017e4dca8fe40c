package io.fedstep.local;

import io.fedstep.coordinator.BestVersion;
import io.fedstep.coordinator.Deadline;
import io.fedstep.coordinator.ModelState;
import io.fedstep.coordinator.Retry;
import io.fedstep.round.Round;
import io.fedstep.round.RoundRecord;
import io.fedstep.store.ModelFolder;
import io.fedstep.store.OpenRound;
import io.fedstep.store.StorageException;
import io.fedstep.store.VersionDraft;
import io.fedstep.store.VersionInfo;
import java.time.Instant;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Puts versions on disk, and opens after each the round that trains from it. */
final class RoundOpening {
  private final ModelState state;
  private final ModelFolder folder;
  private final Deadline deadline;
  private final Retry retry;
  private OpenRound open;
  private Runnable whenOpened = () -> {};

  /** Shows the version that was put on disk, and opens its round; null once that is done. */
  private @Nullable Runnable pending;

  RoundOpening(ModelState state, OpenRound open, Deadline deadline, Retry retry) {
    this.state = state;
    this.open = open;
    this.deadline = deadline;
    this.retry = retry;
    folder = state.folder();
  }

  /** Has something short done whenever another round is open. */
  void whenOpened(Runnable then) {
    whenOpened = then;
  }

  /** The files of the open round. */
  OpenRound open() {
    return open;
  }

  /** Whether a version is on disk whose round is not open yet. */
  boolean isPending() {
    return pending != null;
  }

  /**
   * Makes a draft a version on disk, and opens its round.
   *
   * @param over the round that ends with it, or null for the first weights
   */
  void commit(VersionDraft draft, VersionInfo info, @Nullable RoundRecord over) {
    Instant opens = over == null ? state.openedAt(info) : info.createdAt();
    var next = new Round(state.protocol().course(), info.version(), info.base(), opens);
    Supplier<ModelFolder.Advance> files =
        over == null
            ? folder.begin(draft, info, open, next)
            : folder.advance(draft, info, over, open, next);
    pending = () -> show(files.get(), over);
    retry.attempt(
        this::openOnce, cause -> state.waitsFor(cause, "its next round cannot be opened yet"));
  }

  private void show(ModelFolder.Advance advance, @Nullable RoundRecord over) {
    if (over != null) {
      chooseBest(advance.version().info().version());
    }
    state.change(() -> {
      open = advance.open();
      state.advance(advance.version(), open.round(), over);
      deadline.set();
    });
  }

  private void openOnce() {
    Runnable next = pending;
    if (next != null) {
      next.run();
      pending = null;
      prune();
      whenOpened.run();
    }
  }

  /** Chooses the best of the versions before one. */
  void chooseBest(long newest) {
    BestVersion.choose(state, folder.versions(), newest, folder::reported, folder::save);
  }

  private void prune() {
    try {
      folder.prune(state.engine().keepVersions(), state.engine().keepRounds());
    } catch (StorageException e) {
      if (!e.passes()) {
        throw e;
      }
      state
          .engine()
          .logError("model %s: old versions are kept for now".formatted(state.model()), e);
    }
  }
}
