package io.fedstep.store;

import io.fedstep.codec.Crc32c;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of an upload that have come so far, beside the document of its head. The file is a row
 * of frames: how many bytes, their CRC-32C, the bytes. The last frame grows until it is forced, so
 * that small pieces make no small frames; what a crash has left of it is cut off. For one thread at
 * a time.
 */
public final class PausedFile {
  /** Length and checksum in front of a frame, each in 4 bytes. */
  private static final int FRAME_HEAD = 8;

  /** The most bytes of a frame. */
  private static final int MOST = 64 * 1024;

  private final Disk disk;
  private Path headPath;
  private final Path path;
  private PausedHead head;

  /** Open as long as bytes come. */
  private @Nullable RandomFile file;

  /** Bytes of the upload, or -1 before the file was read. */
  private long length;

  /** Where the last frame begins, and what it has so far. */
  private long frameBegin;

  private int frameLength;
  private final CRC32C frameCrc = new CRC32C();
  private boolean forced = true;

  private PausedFile(Disk disk, Path headPath, Path path, PausedHead head, long length) {
    this.disk = disk;
    this.headPath = headPath;
    this.path = path;
    this.head = head;
    this.length = length;
  }

  /** A new upload without a byte; durable once this returns, if its folder is. */
  static PausedFile create(Disk disk, Path headPath, Path path, PausedHead head) {
    disk.close(path, disk.write(path)); // durable with the folder that the head's rename forces
    Document.write(disk, headPath, head.encode());
    return new PausedFile(disk, headPath, path, head, 0);
  }

  /** An upload that is there; its bytes are read when they are asked for. */
  static PausedFile found(Disk disk, Path headPath, Path path) {
    PausedHead read = PausedHead.read(disk, headPath);
    PausedHead head = headPath.equals(completed(headPath)) ? read.completed() : read;
    return new PausedFile(disk, headPath, path, head, head.complete() ? head.length() : -1);
  }

  /** What the creation said. */
  public PausedHead head() {
    return head;
  }

  /** Bytes of the upload that have come; reads the file where that is not known. */
  public long length() {
    if (length < 0) {
      read(_ -> {});
    }
    return length;
  }

  /** Bytes that it takes on the disk, but for its head. */
  public long bytes() {
    return head.complete() || !disk.exists(path) ? 0 : disk.size(path);
  }

  /** Hands all bytes over, in order, each piece checked; in a buffer that is used again. */
  public void read(Consumer<ByteBuffer> to) {
    if (file != null) {
      read(file, to);
      return;
    }
    if (!disk.exists(path)) {
      throw new CorruptionException(path, "the bytes of an upload", "no file");
    }
    try (var opened = RandomFile.toRead(disk, path)) {
      read(opened, to);
    }
  }

  private void read(RandomFile from, Consumer<ByteBuffer> to) {
    long size = from.size();
    var frameHead = ByteBuffer.allocate(FRAME_HEAD).order(ByteOrder.LITTLE_ENDIAN);
    var piece = ByteBuffer.allocate((int) Math.min(MOST, size));
    long at = 0;
    long read = 0;
    while (at + FRAME_HEAD < size) {
      from.read(at, frameHead.clear());
      int count = frameHead.getInt(0);
      if (count <= 0 || count > MOST || at + FRAME_HEAD + count > size) {
        break;
      }
      from.read(at + FRAME_HEAD, piece.clear().limit(count));
      piece.flip();
      if (Crc32c.of(piece.duplicate()) != frameHead.getInt(4)) {
        break;
      }
      if (length >= 0 && read + count > length) {
        throw new CorruptionException(path, length + " bytes", "more");
      }
      to.accept(piece);
      read += count;
      at += FRAME_HEAD + count;
    }
    if (length >= 0) {
      if (read != length) {
        throw new CorruptionException(path, length + " bytes", "%s".formatted(read));
      }
      return;
    }
    length = read;
    frameBegin = at;
    frameLength = 0;
    forced = false; // a process that was killed may not have come to that
  }

  /** Opens the file for bytes to come. */
  public void open() {
    if (file == null) {
      length();
      file = RandomFile.toWrite(disk, path);
      long end = frameBegin + (frameLength == 0 ? 0 : FRAME_HEAD + frameLength);
      if (file.size() > end) {
        file.truncate(end); // what a crash, or a full disk, has left of a frame
      }
    }
  }

  /** Writes bytes that have come: they count once they are forced, or the process is not killed. */
  public void append(ByteBuffer bytes) {
    RandomFile to = opened();
    try {
      while (bytes.hasRemaining()) {
        if (frameLength == MOST) {
          seal();
        }
        if (frameLength == 0) {
          frameCrc.reset();
        }
        int count = Math.min(MOST - frameLength, bytes.remaining());
        ByteBuffer some = bytes.slice(bytes.position(), count);
        frameCrc.update(some.duplicate());
        forced = false;
        to.writeUnforced(frameBegin + FRAME_HEAD + frameLength, some);
        to.writeUnforced(frameBegin, frameHead(frameLength + count, (int) frameCrc.getValue()));
        frameLength += count;
        length += count;
        bytes.position(bytes.position() + count);
      }
    } catch (StorageException e) {
      length = -1; // what came before it is found again
      close();
      throw e;
    }
  }

  private static ByteBuffer frameHead(int count, int crc) {
    return ByteBuffer.allocate(FRAME_HEAD)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(count)
        .putInt(crc)
        .flip();
  }

  private void seal() {
    if (frameLength > 0) {
      frameBegin += FRAME_HEAD + frameLength;
      frameLength = 0;
    }
  }

  private RandomFile opened() {
    if (file == null) {
      throw new IllegalStateException("the file is not open");
    }
    return file;
  }

  /** Makes durable what has come. */
  public void force() {
    if (forced || head.complete()) {
      return;
    }
    if (file == null) {
      try (var opened = RandomFile.toWrite(disk, path)) {
        opened.force();
      }
    } else {
      file.force();
    }
    seal();
    forced = true;
  }

  /** Closes the file until more bytes come. */
  public void close() {
    if (file != null) {
      RandomFile open = file;
      file = null;
      open.close();
    }
  }

  /**
   * Notes durably that the upload is an update, and drops its bytes. Its head gets another name,
   * which takes one force: a document would take two.
   */
  public void complete() {
    close();
    Path completed = completed(headPath);
    disk.rename(headPath, completed);
    headPath = completed;
    head = head.completed();
    length = head.length();
    disk.delete(path);
  }

  /** The name that a head has once its upload is an update. */
  private static Path completed(Path headPath) {
    String name = headPath.getFileName().toString();
    return headPath.resolveSibling(
        name.substring(0, name.lastIndexOf('.')) + PausedFolder.COMPLETE);
  }

  /** Removes it: its head first, without which there is none. */
  public void remove() {
    close();
    if (disk.exists(headPath)) {
      disk.delete(headPath);
      disk.forceFolder(headPath.resolveSibling("."));
    }
    disk.delete(path);
  }
}
