package io.fedstep.store;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A cache of answers that were expensive to compute, in a bounded folder of this process alone. The
 * least recently used answers make room for others.
 */
public final class KeptAnswers implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(KeptAnswers.class);
  private static final String PREFIX = "fedstep-answers-";

  /** The most files, however small they are. */
  static final int MOST_FILES = 1000;

  /** One answer may have one in so many of all bytes. */
  static final int PART = 4;

  /** One in so many bytes of the disk's free room is used; the rest is for updates. */
  private static final int PART_OF_DISK = 8;

  private final Disk disk;
  private final Path root;
  private final long most;
  private final LinkedHashMap<String, Kept> files = new LinkedHashMap<>(16, 0.75f, true);
  private final AtomicBoolean failing = new AtomicBoolean();
  private long taken;
  private long made;

  /** Computes an answer's bytes. */
  public interface Computation {
    /**
     * Writes them.
     *
     * @throws IOException of the stream alone
     */
    void write(OutputStream out) throws IOException;
  }

  /** A cached answer's file; its fields are guarded by the cache's lock. */
  private static final class Kept {
    private final Path path;
    private final CountDownLatch made = new CountDownLatch(1);
    private long bytes;
    private int holders;
    private boolean whole;
    private boolean gone;

    private Kept(Path path, long bytes) {
      this.path = path;
      this.bytes = bytes;
    }
  }

  /**
   * The folder, emptied.
   *
   * @param most bytes that the files have together; 0 to keep none
   */
  public KeptAnswers(Disk disk, Path root, long most) {
    this.disk = disk;
    this.root = root;
    this.most = most;
    try {
      disk.delete(root);
      if (most > 0) {
        disk.createFolder(root);
      }
    } catch (StorageException e) {
      failed(e); // then nothing is cached
    }
  }

  /**
   * A cache below a folder that processes share; folders of processes that have ended are removed.
   */
  public static KeptAnswers below(Disk disk, Path parent, long most) {
    return new KeptAnswers(disk, ScratchFolder.own(disk, parent, PREFIX), most);
  }

  /**
   * An answer's file, to be closed. The first caller computes it while others wait. Null where
   * there is no room for it, the disk fails, or waiting took too long.
   *
   * @param model whose answer it is
   * @param key what tells it from the model's other answers, before and after
   * @param upTo bytes that it has at most
   */
  public @Nullable FileRange file(
      String model, String key, long upTo, Duration patience, Computation computation) {
    String name = model + "/" + key;
    Kept found;
    boolean isNew;
    synchronized (this) {
      Kept known = files.get(name);
      isNew = known == null;
      found = isNew ? begin(name, upTo) : known;
      if (found == null) {
        return null;
      }
      found.holders++;
    }
    FileRange range = null;
    try {
      if (isNew ? make(name, found, computation) : isMade(found, patience)) {
        range = open(name, found);
      }
    } finally {
      if (range == null) {
        release(found);
      }
    }
    return range;
  }

  private @Nullable FileRange open(String name, Kept file) {
    try {
      return FileRange.kept(disk, file.path, () -> release(file));
    } catch (StorageException e) {
      failed(e);
      synchronized (this) { // it may have been deleted; the next caller computes it anew
        file.gone = true;
        files.remove(name, file);
      }
      return null;
    }
  }

  private @Nullable Kept begin(String name, long upTo) {
    if (upTo > most / PART) {
      return null;
    }
    try {
      long room = Math.min(most, taken + disk.free(root) / PART_OF_DISK);
      var oldest = files.entrySet().iterator();
      while (taken + upTo > room || files.size() >= MOST_FILES) {
        if (!oldest.hasNext()) {
          return null;
        }
        Kept one = oldest.next().getValue();
        if (one.holders == 0) {
          oldest.remove();
          drop(one);
        }
      }
    } catch (StorageException e) {
      failed(e);
      return null;
    }
    var fresh = new Kept(root.resolve(++made + ".bin"), upTo);
    taken += upTo;
    files.put(name, fresh);
    return fresh;
  }

  private boolean make(String name, Kept file, Computation computation) {
    boolean whole = false;
    try (var out =
        new BoundedOutput(disk, file.path, file.bytes, written -> account(file, written))) {
      computation.write(out);
      whole = true;
      failing.set(false);
    } catch (IOException e) {
      whole = false;
      failed(e);
    } finally {
      end(name, file, whole);
    }
    return whole;
  }

  /** Counts the bytes that were written in place of those that were reserved. */
  private synchronized void account(Kept file, long written) {
    taken -= file.bytes - written;
    file.bytes = written;
  }

  private synchronized void end(String name, Kept file, boolean whole) {
    file.whole = whole;
    if (!whole) {
      file.gone = true;
      files.remove(name, file);
    }
    file.made.countDown();
  }

  private boolean isMade(Kept file, Duration patience) {
    try {
      if (!file.made.await(patience.toNanos(), TimeUnit.NANOSECONDS)) {
        return false;
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException("requests are not interrupted", e);
    }
    synchronized (this) {
      return file.whole;
    }
  }

  private synchronized void release(Kept file) {
    file.holders--;
    if (file.holders == 0 && file.gone) {
      drop(file);
    }
  }

  private void drop(Kept file) {
    taken -= file.bytes;
    try {
      disk.delete(file.path);
    } catch (StorageException e) {
      failed(e); // it goes at the next start
    }
  }

  /** Forgets a model's answers; those that are being sent go afterwards. */
  public synchronized void forget(String model) {
    files
        .entrySet()
        .removeIf(entry -> {
          boolean its = entry.getKey().startsWith(model + "/");
          Kept file = entry.getValue();
          if (its && file.holders == 0) {
            drop(file);
          }
          file.gone |= its;
          return its;
        });
  }

  /** Bytes that the files have together, or may get. */
  synchronized long bytes() {
    return taken;
  }

  private void failed(Exception e) {
    if (!failing.getAndSet(true)) {
      LOG.warn("an answer cannot be cached, and is computed for every request: {}", e.toString());
    }
  }

  @Override
  public synchronized void close() {
    files.clear();
    try {
      disk.delete(root);
    } catch (StorageException e) {
      failed(e);
    }
  }
}
