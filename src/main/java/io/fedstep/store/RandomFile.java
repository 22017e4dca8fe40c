package io.fedstep.store;

import io.fedstep.codec.Crc32c;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** An open file that is read or written at any place, by several threads. */
final class RandomFile implements AutoCloseable {
  private static final int PIECE = 256 * 1024;

  /** Bytes after which writing to the disk begins, so that little is left for the last force. */
  private static final long AHEAD = 8 << 20;

  private volatile Path path;
  private final FileChannel channel;
  private final AtomicLong unforced = new AtomicLong();
  private final AtomicBoolean forcing = new AtomicBoolean();
  private boolean closed;
  private @Nullable StorageException failed;

  private RandomFile(Path path, FileChannel channel) {
    this.path = path;
    this.channel = channel;
  }

  static RandomFile toRead(Path path) {
    return new RandomFile(path, Disk.read(path));
  }

  static RandomFile toWrite(Path path) {
    return new RandomFile(path, Disk.write(path));
  }

  Path path() {
    return path;
  }

  FileChannel channel() {
    return channel;
  }

  /** Gives the file another name, durably; whoever reads or writes it goes on. */
  void rename(Path to) {
    Disk.rename(path, to);
    path = to;
  }

  long size() {
    return Disk.size(path, channel);
  }

  void write(long offset, ByteBuffer bytes) {
    int length = bytes.remaining();
    Disk.writeAt(path, channel, offset, bytes);
    if (unforced.addAndGet(length) >= AHEAD && forcing.compareAndSet(false, true)) {
      Thread.startVirtualThread(this::forceAhead);
    }
  }

  private synchronized void forceAhead() {
    try {
      if (!closed) {
        force();
      }
    } catch (StorageException e) {
      // kept for whoever relies on the next force
    } finally {
      forcing.set(false);
    }
  }

  void read(long offset, ByteBuffer into) {
    Disk.readAt(path, channel, offset, into);
  }

  /** The checksum of the bytes from {@code from} to the end. */
  int crc(long from) {
    var crc = new CRC32C();
    var piece = ByteBuffer.allocateDirect(PIECE);
    long size = size();
    for (long at = from; at < size; at += piece.limit()) {
      piece.clear().limit((int) Math.min(PIECE, size - at));
      read(at, piece);
      crc.update(piece.flip());
    }
    return (int) crc.getValue();
  }

  /** Checks the file against what is known of it. */
  void verify(long bytes, String crc) {
    if (size() != bytes) {
      throw new CorruptionException(path, bytes + " bytes", size() + " bytes");
    }
    String found = Crc32c.hex(crc(0));
    if (!found.equals(crc)) {
      throw new CorruptionException(path, "crc32c " + crc, "crc32c " + found);
    }
  }

  /** Makes everything durable whose write has returned; after a failure there is no second try. */
  synchronized void force() {
    if (failed != null) {
      throw failed;
    }
    unforced.set(0);
    try {
      Disk.force(path, channel);
    } catch (StorageException e) {
      failed = e;
      throw e;
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    Disk.close(path, channel);
  }
}
