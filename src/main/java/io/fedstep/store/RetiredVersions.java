package io.fedstep.store;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Versions on their way off the disk: the files of each go once nobody reads them, but those of one
 * stay to be written over, since writing over blocks that exist is faster.
 */
final class RetiredVersions {
  private final Disk disk;
  private final Path folder;
  private final boolean shared;
  private final List<Version> waiting = new ArrayList<>();
  private volatile @Nullable Path spare;

  RetiredVersions(Disk disk, Path folder, boolean shared) {
    this.disk = disk;
    this.folder = folder;
    this.shared = shared;
  }

  void add(Version retired) {
    waiting.add(retired);
  }

  /** Removes those that nobody reads; the others go the next time. */
  void removeFree() {
    for (Version free : waiting.stream().filter(Version::isFree).toList()) {
      waiting.remove(free);
      remove(free);
    }
  }

  private void remove(Version version) {
    if (version.folder() != null) {
      Path out = folder.resolve(".old-" + version.info().version());
      disk.rename(version.folder(), out);
      // what processes share, another may still read
      if (spare == null && !shared && version.isReusable()) {
        spare = out;
      } else {
        disk.delete(out);
      }
    }
  }

  /** Whether there are files to be written over. */
  boolean hasSpare() {
    return spare != null;
  }

  /** A folder with a pruned version's files, to be written over by a draft; or null. */
  @Nullable Path reuse() {
    Path over = spare;
    if (over != null) {
      disk.delete(over.resolve(VersionFiles.DOCUMENT));
      MadeFile.removeAll(disk, over, false);
      spare = null;
    }
    return over;
  }
}
