package io.fedstep.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The operating system's files, a method for each operation that {@link Disk} needs; tests override
 * them with a simulated disk. Files and folders are created for their user alone, whatever the
 * umask.
 */
class Device {
  private static final boolean POSIX =
      FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
  private static final Set<PosixFilePermission> OWN_FILE =
      PosixFilePermissions.fromString("rw-------");
  private static final Set<PosixFilePermission> OWN_FOLDER =
      PosixFilePermissions.fromString("rwx------");

  private static FileAttribute<?>[] rights(Set<PosixFilePermission> own) {
    return POSIX
        ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(own)}
        : new FileAttribute<?>[0];
  }

  FileChannel openToRead(Path path) throws IOException {
    return FileChannel.open(path, StandardOpenOption.READ);
  }

  FileChannel openToWrite(Path file) throws IOException {
    Set<OpenOption> options =
        Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    return FileChannel.open(file, options, rights(OWN_FILE));
  }

  /** Locks a file until its channel is closed; false if somebody else holds it. */
  boolean lock(FileChannel channel, boolean shared) throws IOException {
    try {
      return channel.tryLock(0, Long.MAX_VALUE, shared) != null;
    } catch (OverlappingFileLockException e) {
      return false; // held by this process
    }
  }

  /** Writes as much as the operating system takes at once. */
  int write(Path file, FileChannel channel, ByteBuffer bytes, long offset) throws IOException {
    return channel.write(bytes, offset);
  }

  int read(Path file, FileChannel channel, ByteBuffer into, long offset) throws IOException {
    return channel.read(into, offset);
  }

  MemorySegment map(Path file, FileChannel channel, long size, Arena arena) throws IOException {
    return channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
  }

  long size(Path file, FileChannel channel) throws IOException {
    return channel.size();
  }

  void truncate(Path file, FileChannel channel, long size) throws IOException {
    channel.truncate(size);
  }

  void force(Path file, FileChannel channel) throws IOException {
    channel.force(false);
  }

  void forceFolder(Path folder, FileChannel channel) throws IOException {
    channel.force(true);
  }

  /** What the operating system knows of a path, or null where there is nothing. */
  @Nullable BasicFileAttributes attributes(Path path, LinkOption... links) throws IOException {
    try {
      return Files.readAttributes(path, BasicFileAttributes.class, links);
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  List<String> names(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
    } catch (UncheckedIOException e) { // what the stream makes of a failed read
      throw new IOException(e.getMessage(), e);
    }
  }

  byte[] bytes(Path file) throws IOException {
    return Files.readAllBytes(file);
  }

  /** Makes one folder. */
  void createFolder(Path folder) throws IOException {
    Files.createDirectory(folder, rights(OWN_FOLDER));
  }

  void move(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
  }

  /**
   * Takes a folder's rights from all but its user, where that is this one and has not been done.
   */
  void keepToItself(Path folder) throws IOException {
    if (POSIX && !Files.getPosixFilePermissions(folder).equals(OWN_FOLDER)) {
      Files.setPosixFilePermissions(folder, OWN_FOLDER);
    }
  }

  /** Removes a file or an empty folder. */
  void delete(Path path) throws IOException {
    Files.delete(path);
  }
}
