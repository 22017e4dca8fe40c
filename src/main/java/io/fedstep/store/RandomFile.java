package io.fedstep.store;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/** An open file that is read or written at any place, by several threads. */
final class RandomFile implements AutoCloseable {
  private static final int PIECE = 256 * 1024;

  private final Disk disk;
  private final Path path;
  private final FileChannel channel;
  private final Forcing forcing = new Forcing(this::forceIfOpen);
  private boolean closed;

  private RandomFile(Disk disk, Path path, FileChannel channel) {
    this.disk = disk;
    this.path = path;
    this.channel = channel;
  }

  static RandomFile toRead(Disk disk, Path path) {
    return new RandomFile(disk, path, disk.read(path));
  }

  static RandomFile toWrite(Disk disk, Path path) {
    return new RandomFile(disk, path, disk.write(path));
  }

  Path path() {
    return path;
  }

  FileChannel channel() {
    return channel;
  }

  long size() {
    return disk.size(path, channel);
  }

  void write(long offset, ByteBuffer bytes) {
    int length = bytes.remaining();
    disk.writeAt(path, channel, offset, bytes);
    if (forcing.isDue(length)) {
      Thread.startVirtualThread(forcing::ahead);
    }
  }

  /** Writes without a force ahead, for what may never be forced. */
  void writeUnforced(long offset, ByteBuffer bytes) {
    disk.writeAt(path, channel, offset, bytes);
  }

  void truncate(long size) {
    disk.truncate(path, channel, size);
  }

  private synchronized void forceIfOpen() {
    if (!closed) {
      disk.force(path, channel);
    }
  }

  void read(long offset, ByteBuffer into) {
    disk.readAt(path, channel, offset, into);
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

  /** Checks the file's size and checksum. */
  void verify(FileSum known) {
    known.check(path, size());
    known.check(path, crc(0));
  }

  /** Copies this file into an empty one, and checks size and checksum on the way. */
  void copy(FileSum known, RandomFile to) {
    known.check(path, size());
    var crc = new CRC32C();
    var piece = ByteBuffer.allocateDirect(PIECE);
    for (long at = 0; at < known.bytes(); at += piece.limit()) {
      piece.clear().limit((int) Math.min(PIECE, known.bytes() - at));
      read(at, piece);
      crc.update(piece.flip());
      to.write(at, piece.rewind());
    }
    known.check(path, (int) crc.getValue());
  }

  /** Makes everything durable whose write has returned. */
  void force() {
    forcing.force();
  }

  /** Closes it, and removes it. */
  void remove() {
    close();
    disk.delete(path);
  }

  @Override
  public synchronized void close() {
    closed = true;
    disk.close(path, channel);
  }
}
