package io.fedstep.store;

import java.nio.file.Path;

/** A file that is not as it was written; the message names the file, the expected and the found. */
public final class CorruptionException extends StorageException {
  private static final long serialVersionUID = 1L;

  CorruptionException(Path file, String expected, String found) {
    super(file, "is corrupt: expected %s, found %s".formatted(expected, found));
  }
}
