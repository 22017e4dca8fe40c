package io.fedstep.store;

import java.io.IOException;
import java.nio.file.Path;

/** A read or a write that failed. */
public class StorageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final boolean full;

  StorageException(String message) {
    super(message);
    full = false;
  }

  StorageException(String what, IOException cause) {
    super(what + ": " + cause, cause);
    full = saysFull("" + cause.getMessage());
  }

  private StorageException(Path file, IOException cause) {
    super("%s cannot be forced: %s".formatted(file, cause), cause);
    full = false;
  }

  /**
   * A force that failed: what it was to make durable may be lost, so trying again proves nothing.
   */
  static StorageException ofForce(Path file, IOException cause) {
    return new StorageException(file, cause);
  }

  private static boolean saysFull(String message) {
    return message.endsWith("No space left on device") || message.endsWith("quota exceeded");
  }

  /** Whether there was no room left, so that trying later may help. */
  public boolean full() {
    return full;
  }
}
