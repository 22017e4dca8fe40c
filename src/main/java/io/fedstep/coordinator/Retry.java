package io.fedstep.coordinator;

import io.fedstep.store.StorageException;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Does what a full disk may refuse for now, again and again until it is done.
 *
 * @param thread runs further attempts where they belong, unless nobody needs them any more
 */
public record Retry(Engine engine, Consumer<Runnable> thread) {
  private static final Duration PAUSE = Duration.ofSeconds(5);

  /**
   * Does something that begins anew at each attempt.
   *
   * @param tells told once why it has to be tried again
   */
  public void attempt(Runnable action, Consumer<StorageException> tells) {
    try {
      action.run();
    } catch (StorageException e) {
      if (!e.passes()) {
        throw e;
      }
      tells.accept(e);
      var _ = engine.after(PAUSE, () -> thread.accept(() -> attempt(action, _ -> {})));
    }
  }
}
