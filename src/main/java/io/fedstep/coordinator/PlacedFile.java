package io.fedstep.coordinator;

import io.fedstep.quota.Places;
import io.fedstep.store.PausedFile;
import io.fedstep.store.StorageException;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The file of an upload, and the place that it takes as long as it is no update. What cannot be
 * changed on the disk is logged, and stays until the round goes.
 */
final class PlacedFile {
  private final PausedFile file;
  private final Places.@Nullable Place place;
  private final BiConsumer<String, StorageException> log;

  /**
   * A file in its place.
   *
   * @param place null if the upload is an update already
   * @param log takes what became of an upload, and why
   */
  PlacedFile(
      PausedFile file, Places.@Nullable Place place, BiConsumer<String, StorageException> log) {
    this.file = file;
    this.place = place;
    this.log = log;
  }

  PausedFile file() {
    return file;
  }

  /** The upload is an update. If that cannot be noted, its bytes stay, and are compared again. */
  void complete() {
    try {
      file.complete();
      release();
    } catch (StorageException e) {
      log.accept("cannot be noted as complete", e);
      keep();
    }
  }

  private void keep() {
    try {
      file.force();
    } catch (StorageException e) {
      log.accept("cannot be kept", e);
    }
  }

  /** The upload cannot be read; it is to be removed. */
  void isCorrupt(StorageException why) {
    log.accept("cannot be read, and is removed", why);
  }

  /** The upload is gone. */
  void remove() {
    release();
    try {
      file.remove();
    } catch (StorageException e) {
      log.accept("cannot be removed yet", e);
    }
  }

  /** Gives the place back; the file stays. */
  void release() {
    if (place != null) {
      place.close();
    }
  }
}
