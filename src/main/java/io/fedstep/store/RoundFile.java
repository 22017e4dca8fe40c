package io.fedstep.store;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A file of the open round, written at any place by several threads. It is opened by its first use
 * and by the first one after {@link #closeUntilUsed}, so that idle models hold no open files.
 */
final class RoundFile implements AutoCloseable {
  private final Disk disk;
  private volatile Path path;
  private volatile @Nullable FileChannel channel;
  private boolean closed;

  /** The file at a path, made empty and durable if it is absent. */
  RoundFile(Disk disk, Path path) {
    this.disk = disk;
    this.path = path;
    if (!disk.exists(path)) {
      disk.writeForced(path, new byte[0]);
      disk.forceFolder(path.resolveSibling("."));
    }
  }

  Path path() {
    return path;
  }

  FileChannel channel() {
    FileChannel open = channel;
    return open != null ? open : open();
  }

  private synchronized FileChannel open() {
    if (closed) { // the path may belong to another model by now
      throw new StorageException(path, new ClosedChannelException());
    }
    FileChannel open = channel;
    if (open == null) {
      open = disk.write(path);
      channel = open;
    }
    return open;
  }

  /** Renames the file, durably; writes under way continue. */
  synchronized void rename(Path to) {
    disk.rename(path, to);
    path = to;
  }

  long size() {
    return disk.size(path, channel());
  }

  /** The size by the file's name, without opening it; 0 where it is being renamed. */
  long bytes() {
    try {
      return disk.size(path);
    } catch (StorageException e) {
      return 0;
    }
  }

  void read(long offset, ByteBuffer into) {
    disk.readAt(path, channel(), offset, into);
  }

  /** Maps the file's first bytes to read. */
  MemorySegment map(long size, Arena arena) {
    return disk.map(path, channel(), size, arena);
  }

  void write(long offset, ByteBuffer bytes) {
    disk.writeAt(path, channel(), offset, bytes);
  }

  void truncate(long size) {
    disk.truncate(path, channel(), size);
  }

  void force() {
    disk.force(path, channel());
  }

  /** Closes it until the next use; the caller sees to it that no use is under way. */
  synchronized void closeUntilUsed() {
    FileChannel open = channel;
    if (open != null) {
      channel = null;
      disk.close(path, open);
    }
  }

  /** Closes it for good, and removes it. */
  void remove() {
    close();
    disk.delete(path);
  }

  /** Closes it for good. */
  @Override
  public synchronized void close() {
    closed = true;
    closeUntilUsed();
  }
}
