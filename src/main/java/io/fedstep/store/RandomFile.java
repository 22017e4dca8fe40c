package io.fedstep.store;

import io.fedstep.codec.Crc32c;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/** An open file that is read or written at any place, by several threads. */
final class RandomFile implements AutoCloseable {
  private static final int PIECE = 256 * 1024;

  private final Path path;
  private final FileChannel channel;
  private final Forcing forcing = new Forcing(this::forceIfOpen);
  private boolean closed;

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

  long size() {
    return Disk.size(path, channel);
  }

  void write(long offset, ByteBuffer bytes) {
    int length = bytes.remaining();
    Disk.writeAt(path, channel, offset, bytes);
    if (forcing.isDue(length)) {
      Thread.startVirtualThread(forcing::ahead);
    }
  }

  private synchronized void forceIfOpen() {
    if (!closed) {
      Disk.force(path, channel);
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

  /** Makes everything durable whose write has returned. */
  void force() {
    forcing.force();
  }

  @Override
  public synchronized void close() {
    closed = true;
    Disk.close(path, channel);
  }
}
