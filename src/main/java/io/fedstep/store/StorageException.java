package io.fedstep.store;

import java.io.IOException;
import java.nio.file.Path;

/** A read or a write that failed. */
public class StorageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final boolean full;
  private final boolean tooManyOpen;

  StorageException(String message) {
    super(message);
    full = false;
    tooManyOpen = false;
  }

  StorageException(String what, IOException cause) {
    super(what + ": " + cause, cause);
    String reason = "" + cause.getMessage();
    tooManyOpen = reason.contains("Too many open files");
    full = tooManyOpen || saysFull(reason);
  }

  private StorageException(Path file, IOException cause) {
    super("%s cannot be forced: %s".formatted(file, cause), cause);
    full = false;
    tooManyOpen = false;
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

  /** Whether there was no room left, or no file could be opened: trying later may help. */
  public boolean full() {
    return full;
  }

  /** Whether the process has as many files open as it may. */
  public boolean tooManyOpen() {
    return tooManyOpen;
  }
}
