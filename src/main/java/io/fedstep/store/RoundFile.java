package io.fedstep.store;

import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A file of the open round, written at any place by several threads. It opens when it is used and
 * stays open until it rests, so that models at which nothing happens hold no files.
 */
final class RoundFile implements AutoCloseable {
  private volatile Path path;
  private volatile @Nullable FileChannel channel;
  private boolean closed;

  /** The file at a path, made empty and durable if it is absent. */
  RoundFile(Path path) {
    this.path = path;
    if (!Disk.exists(path)) {
      Disk.writeForced(path, new byte[0]);
      Disk.forceFolder(path.resolveSibling("."));
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
    if (closed) { // by now its name may be that of another model's file
      throw new StorageException(path, new ClosedChannelException());
    }
    FileChannel open = channel;
    if (open == null) {
      open = Disk.write(path);
      channel = open;
    }
    return open;
  }

  /** Gives the file another name, durably; whoever writes it goes on. */
  synchronized void rename(Path to) {
    Disk.rename(path, to);
    path = to;
  }

  long size() {
    return Disk.size(path, channel());
  }

  void write(long offset, ByteBuffer bytes) {
    Disk.writeAt(path, channel(), offset, bytes);
  }

  void truncate(long size) {
    Disk.truncate(path, channel(), size);
  }

  void force() {
    Disk.force(path, channel());
  }

  /** Closes it until it is used again; nobody uses it now, and what has to be durable is. */
  synchronized void rest() {
    FileChannel open = channel;
    if (open != null) {
      channel = null;
      Disk.close(path, open);
    }
  }

  /** Closes it for good. */
  @Override
  public synchronized void close() {
    closed = true;
    rest();
  }
}
