package io.fedstep.store;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file beside a version's, computed from them. It is made when it is first asked for, anew by
 * each process, and appears by a rename; who asks meanwhile waits.
 */
final class MadeFile {
  private static final Logger LOG = LoggerFactory.getLogger(MadeFile.class);

  /** How the names of such files begin. */
  private static final String PREFIX = "weights.";

  private final Disk disk;
  private final Path folder;
  private final String name;
  private final ReentrantLock lock = new ReentrantLock();
  private boolean known;
  private boolean isThere;

  /** What the file is to have. */
  @FunctionalInterface
  interface Content {
    /**
     * Writes the content; it may close {@code to}.
     *
     * @return whether the file is to be kept
     */
    boolean write(OutputStream to) throws IOException;
  }

  /**
   * A file in a version's folder.
   *
   * @param kind what tells it from the others, such as {@code bfloat16}
   */
  MadeFile(Disk disk, Path folder, String kind) {
    this.disk = disk;
    this.folder = folder;
    this.name = PREFIX + kind;
  }

  /** Removes what a version's folder has of such files, whole or begun, or only what was begun. */
  static void removeAll(Disk disk, Path folder, boolean begunOnly) {
    for (String name : disk.names(folder)) {
      boolean isMade = name.startsWith(PREFIX) && !name.equals(VersionFiles.WEIGHTS);
      if (isMade && (!begunOnly || name.endsWith(Disk.FRESH))) {
        disk.delete(folder.resolve(name));
      }
    }
  }

  /**
   * The file, opened. Null where it is not to be kept, or could not be written: that is not tried
   * again.
   *
   * @param most bytes that it may have
   * @param release run once the file that is given is closed
   */
  @Nullable FileRange get(long most, Content content, Runnable release) {
    lock.lock();
    try {
      if (!known) {
        isThere = isMade(most, content);
        known = true;
      }
      return isThere ? FileRange.kept(disk, folder.resolve(name), release) : null;
    } catch (StorageException e) {
      isThere = false;
      failed(e);
      return null;
    } finally {
      lock.unlock();
    }
  }

  private boolean isMade(long most, Content content) {
    Path fresh = folder.resolve("%s.%s%s".formatted(name, UUID.randomUUID(), Disk.FRESH));
    boolean kept = false;
    try {
      boolean whole;
      try (var out = new BoundedOutput(disk, fresh, most, _ -> {})) {
        whole = content.write(out);
      }
      if (whole) {
        force(fresh);
        disk.rename(fresh, folder.resolve(name));
        kept = true;
      }
    } catch (IOException | StorageException e) {
      failed(e);
    } finally {
      if (!kept) {
        remove(fresh);
      }
    }
    return kept;
  }

  private void force(Path file) {
    FileChannel channel = disk.write(file);
    try {
      disk.force(file, channel);
    } finally {
      disk.close(file, channel);
    }
  }

  private void remove(Path fresh) {
    try {
      disk.delete(fresh);
    } catch (StorageException e) {
      failed(e); // it goes with the version
    }
  }

  private void failed(Exception e) {
    LOG.warn("{} cannot be kept: {}", name, e.toString());
  }
}
