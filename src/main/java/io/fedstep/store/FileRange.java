package io.fedstep.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The end of a version's file, from some byte on, or a kept answer's. Until this is closed the file
 * keeps its path, to be opened by, and nothing is written over it.
 */
public final class FileRange implements VersionBytes {
  private final Function<StorageException, RuntimeException> failed;
  private final Runnable release;
  private final Runnable sends;
  private final Disk disk;
  private final Path path;
  private final long start;
  private final long length;
  private @Nullable RandomFile open;

  /**
   * A part of a version's file.
   *
   * @param failed what a failed read becomes
   * @param release run when this is closed
   * @param sends run before bytes go to a connection
   */
  FileRange(
      Function<StorageException, RuntimeException> failed,
      Runnable release,
      Runnable sends,
      Disk disk,
      Path path,
      long start,
      long length) {
    this.failed = failed;
    this.release = release;
    this.sends = sends;
    this.disk = disk;
    this.path = path;
    this.start = start;
    this.length = length;
  }

  /** A kept answer, opened; what fails later is no fault of a model's. */
  static FileRange kept(Disk disk, Path path, Runnable release) {
    var range =
        new FileRange(
            e -> new IllegalStateException("a kept answer cannot be read", e),
            release,
            () -> {}, // it is removed some day, and never written over
            disk,
            path,
            0,
            disk.size(path));
    range.open = RandomFile.toRead(disk, path);
    return range;
  }

  /** The whole file up to the end of this range; to be closed in place of this. */
  public FileRange whole() {
    return new FileRange(failed, release, sends, disk, path, 0, start + length);
  }

  @Override
  public long length() {
    return length;
  }

  @Override
  public void read(long offset, ByteBuffer into) {
    try {
      open().read(start + offset, into);
    } catch (StorageException e) {
      throw failed.apply(e);
    }
  }

  /** Sends as many of {@code length} bytes as the channel takes at once; returns their number. */
  public long transferTo(long offset, long length, WritableByteChannel to) throws IOException {
    sends.run();
    return open().channel().transferTo(start + offset, length, to);
  }

  private RandomFile open() {
    try {
      RandomFile opened = open != null ? open : RandomFile.toRead(disk, path);
      open = opened;
      return opened;
    } catch (StorageException e) {
      throw failed.apply(e);
    }
  }

  @Override
  public void close() {
    if (open != null) {
      open.close();
    }
    release.run();
  }
}
