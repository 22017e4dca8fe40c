package io.fedstep.coordinator;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.store.StorageException;

/** What a failure of the server's is to whoever asked for what failed; the log says more. */
public final class Failure {
  private static final int RETRY_SECONDS = 5;

  private Failure() {}

  /** Loads the classes of a refusal: where no file can be opened, no class can be loaded. */
  static void load() {
    var _ = refusal(StorageException.ofOpenFiles());
  }

  /** The refusal for a failed read or write, or for a fault. */
  public static Refusal refusal(Throwable cause) {
    return cause instanceof StorageException storage
        ? refusal(storage)
        : Refusal.of(Problem.MODEL_FAILED, "The server has a fault; its log says more.");
  }

  private static Refusal refusal(StorageException failure) {
    return switch (failure.want()) {
      case null -> Refusal.of(Problem.MODEL_FAILED, failure.shown());
      case ROOM -> Refusal.of(Problem.STORAGE_FULL, "There is no room left on the server's disk.");
      case OPEN_FILES ->
          Refusal.of(
                  Problem.NOT_READY,
                  "The server has as many files open as it may; try again shortly.")
              .retryAfter(1);
      case RIGHTS ->
          Refusal.of(
                  Problem.NOT_READY,
                  "The server may not use its files as they are; try again later. (%s)"
                      .formatted(failure.shown()))
              .retryAfter(RETRY_SECONDS);
    };
  }

  /** The same refusal, whose sentence begins with another. */
  public static Refusal refusal(String before, Throwable cause) {
    Refusal refusal = refusal(cause);
    return new Refusal(
        refusal.problem(), before + refusal.detail(), refusal.retryAfter(), refusal.members());
  }
}
