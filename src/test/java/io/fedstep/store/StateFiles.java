package io.fedstep.store;

import io.fedstep.model.ModelSpec;
import java.nio.file.Path;

/** State files at any place, for the benchmark. */
public final class StateFiles {
  private static final Disk DISK = new Disk();

  private StateFiles() {}

  /** A new file. */
  public static StateFile toWrite(Path path, ModelSpec spec) {
    return StateFile.toWrite(DISK, path, spec, StateFile.none(spec));
  }

  /** A file that exists. */
  public static StateFile toRead(Path path, ModelSpec spec) {
    return StateFile.toRead(DISK, path, spec);
  }
}
