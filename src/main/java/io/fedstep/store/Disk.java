package io.fedstep.store;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The one place that opens, forces, renames and removes files. */
public final class Disk {
  /** The end of the name of a file that is to be renamed to its place. */
  static final String FRESH = ".new";

  private final Device device;
  private final Reserve reserve;

  /** The disk of the operating system. */
  public Disk() {
    this(new Device());
  }

  /** A disk on which a device does everything; for tests. */
  Disk(Device device) {
    this(device, Reserve.NONE);
  }

  private Disk(Device device, Reserve reserve) {
    this.device = device;
    this.reserve = reserve;
  }

  /** The same disk, where what finds no room is tried again with what a reserve gives up. */
  Disk with(Reserve other) {
    return new Disk(device, other);
  }

  /** A step on the disk. */
  private interface Step<T extends @Nullable Object> {
    T run() throws IOException;
  }

  private static <T extends @Nullable Object> T step(Path path, Step<T> step) {
    try {
      return step.run();
    } catch (IOException e) {
      throw new StorageException(path, e);
    }
  }

  /** A step that may need room. */
  private <T extends @Nullable Object> T withRoom(Step<T> step) throws IOException {
    while (true) {
      long given = reserve.given();
      try {
        return step.run();
      } catch (IOException e) {
        if (!StorageException.isForRoom(e) || !reserve.give(given)) {
          throw e;
        }
      }
    }
  }

  /** Opens a file to read. */
  FileChannel read(Path file) {
    return step(
        file,
        () -> {
          checkIsFile(file);
          return device.openToRead(file);
        });
  }

  /** Opens a file to read and write, made if it is absent. */
  FileChannel write(Path file) {
    return step(
        file,
        () -> {
          checkIsFile(file);
          return withRoom(() -> device.openToWrite(file));
        });
  }

  /** Writes the whole buffer at a place. */
  void writeAt(Path file, FileChannel channel, long offset, ByteBuffer bytes) {
    step(
        file,
        () -> {
          long at = offset;
          while (bytes.hasRemaining()) {
            long from = at;
            at += withRoom(() -> device.write(file, channel, bytes, from));
          }
          return at;
        });
  }

  /** Fills the whole buffer from a place; the file being shorter is corruption. */
  void readAt(Path file, FileChannel channel, long offset, ByteBuffer into) {
    step(
        file,
        () -> {
          long at = offset;
          while (into.hasRemaining()) {
            int read = device.read(file, channel, into, at);
            if (read < 0) {
              throw new CorruptionException(
                  file,
                  "at least %s bytes".formatted(at + into.remaining()),
                  "%s".formatted(channel.size()));
            }
            at += read;
          }
          return at;
        });
  }

  long size(Path file) {
    return step(
        file,
        () -> {
          BasicFileAttributes found = device.attributes(file);
          if (found == null) {
            throw new NoSuchFileException(file.toString());
          }
          return found.size();
        });
  }

  long size(Path file, FileChannel channel) {
    return step(file, () -> device.size(file, channel));
  }

  /** Locks a file until its channel is closed; false if somebody else holds it. */
  boolean lock(Path file, FileChannel channel, boolean shared) {
    return step(file, () -> device.lock(channel, shared));
  }

  void truncate(Path file, FileChannel channel, long size) {
    step(
        file,
        () -> {
          device.truncate(file, channel, size);
          return file;
        });
  }

  /** Maps a file's begin to read. */
  MemorySegment map(Path file, FileChannel channel, long size, Arena arena) {
    return step(file, () -> device.map(file, channel, size, arena));
  }

  void force(Path file, FileChannel channel) {
    try {
      device.force(file, channel);
    } catch (IOException e) {
      throw StorageException.ofForce(file, e);
    }
  }

  void close(Path file, FileChannel channel) {
    step(
        file,
        () -> {
          channel.close();
          return file;
        });
  }

  /** Makes the entries of a folder durable. */
  void forceFolder(Path folder) {
    step(
        folder,
        () -> {
          try (var channel = device.openToRead(folder)) {
            device.forceFolder(folder, channel);
          }
          return folder;
        });
  }

  /** Makes a folder and its missing parents; durable once the caller has forced the parent. */
  void createFolder(Path folder) {
    if (exists(folder)) {
      return;
    }
    createFolder(parent(folder));
    makeFolder(folder);
  }

  /** The same in a folder that has to be there. */
  void makeFolder(Path folder) {
    step(
        folder,
        () -> {
          try {
            withRoom(() -> {
              device.createFolder(folder);
              return folder;
            });
          } catch (FileAlreadyExistsException e) {
            // another process was faster
          }
          return folder;
        });
  }

  /**
   * Takes all rights to a folder from other users, since earlier releases did not. A folder of
   * another user stays as it is.
   */
  void keepToItself(Path folder) {
    step(
        folder,
        () -> {
          try {
            device.keepToItself(folder);
          } catch (FileSystemException e) {
            // not this user's
          }
          return folder;
        });
  }

  boolean exists(Path path) {
    return step(path, () -> device.attributes(path) != null);
  }

  /** When something was last written in a file or to a folder; the epoch if it is absent. */
  Instant lastWritten(Path path) {
    return step(
        path,
        () -> {
          BasicFileAttributes found = device.attributes(path);
          return found == null ? Instant.EPOCH : found.lastModifiedTime().toInstant();
        });
  }

  /** The names in a folder, sorted; none where it is absent. */
  List<String> names(Path folder) {
    return exists(folder) ? step(folder, () -> device.names(folder)) : List.of();
  }

  /** The bytes of a small file. */
  byte[] bytes(Path file) {
    return step(
        file,
        () -> {
          checkIsFile(file);
          return device.bytes(file);
        });
  }

  /** Writes a small file and forces it; its name is not durable before its folder is forced. */
  void writeForced(Path file, byte[] bytes) {
    FileChannel channel = write(file);
    try {
      truncate(file, channel, 0);
      writeAt(file, channel, 0, ByteBuffer.wrap(bytes));
      force(file, channel);
    } finally {
      close(file, channel);
    }
  }

  /** Renames, and makes it durable on both sides. */
  void rename(Path from, Path to) {
    step(
        to,
        () -> {
          // opened before, so that nothing has happened where no more files can be opened
          try (var target = device.openToRead(parent(to));
              var source = device.openToRead(parent(from))) {
            withRoom(() -> {
              device.move(from, to);
              return to;
            });
            device.forceFolder(parent(to), target);
            if (!parent(from).equals(parent(to))) {
              device.forceFolder(parent(from), source);
            }
          }
          return to;
        });
  }

  private static Path parent(Path path) {
    Path parent = path.toAbsolutePath().getParent();
    if (parent == null) {
      throw new IllegalStateException(path + " has no parent");
    }
    return parent;
  }

  /** Removes a file or a folder with all that is in it. */
  void delete(Path path) {
    if (exists(path)) {
      remove(path);
    }
  }

  private void remove(Path path) {
    if (isFolder(path, LinkOption.NOFOLLOW_LINKS)) {
      names(path).forEach(name -> remove(path.resolve(name)));
    }
    step(
        path,
        () -> {
          device.delete(path);
          return path;
        });
  }

  /** Whether a path, or what it links to, is a folder. */
  boolean isFolder(Path path, LinkOption... links) {
    BasicFileAttributes found = step(path, () -> device.attributes(path, links));
    return found != null && found.isDirectory();
  }

  /** Refuses pipes, devices and the like, which could block the opening thread for ever. */
  private void checkIsFile(Path path) throws IOException {
    BasicFileAttributes found = device.attributes(path);
    if (found != null && !found.isRegularFile()) {
      throw new CorruptionException(
          path, "a file", found.isDirectory() ? "a folder" : "something else");
    }
  }

  /** Bytes that may still be written to the disk of a folder. */
  long free(Path folder) {
    return step(folder, () -> Files.getFileStore(folder).getUsableSpace());
  }
}
