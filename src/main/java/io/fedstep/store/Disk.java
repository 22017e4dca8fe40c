package io.fedstep.store;

import io.fedstep.codec.CheckedLine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.databind.node.ObjectNode;

/** The one place that opens, forces, renames and removes files. */
final class Disk {
  private Disk() {}

  /** A step on the disk. */
  private interface Step<T> {
    T run() throws IOException;
  }

  private static <T> T step(Path path, Step<T> step) {
    try {
      return step.run();
    } catch (IOException e) {
      throw new StorageException(path.toString(), e);
    }
  }

  /** Opens a file to read. */
  static FileChannel read(Path file) {
    return open(file, StandardOpenOption.READ);
  }

  /** Opens a file to read and write, made if it is absent. */
  static FileChannel write(Path file) {
    return open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  private static FileChannel open(Path file, OpenOption... options) {
    return step(file, () -> FileChannel.open(file, options));
  }

  /** Writes the whole buffer at a place. */
  static void writeAt(Path file, FileChannel channel, long offset, ByteBuffer bytes) {
    step(
        file,
        () -> {
          long at = offset;
          while (bytes.hasRemaining()) {
            at += channel.write(bytes, at);
          }
          return at;
        });
  }

  /** Fills the whole buffer from a place; the file being shorter is corruption. */
  static void readAt(Path file, FileChannel channel, long offset, ByteBuffer into) {
    step(
        file,
        () -> {
          long at = offset;
          while (into.hasRemaining()) {
            int read = channel.read(into, at);
            if (read < 0) {
              throw new CorruptionException(
                  file,
                  "at least %d bytes".formatted(at + into.remaining()),
                  "%d".formatted(channel.size()));
            }
            at += read;
          }
          return at;
        });
  }

  static long size(Path file) {
    return step(file, () -> Files.size(file));
  }

  static long size(Path file, FileChannel channel) {
    return step(file, channel::size);
  }

  static void truncate(Path file, FileChannel channel, long size) {
    step(file, () -> channel.truncate(size));
  }

  static void force(Path file, FileChannel channel) {
    try {
      channel.force(false);
    } catch (IOException e) {
      throw StorageException.ofForce(file, e);
    }
  }

  static void close(Path file, FileChannel channel) {
    step(
        file,
        () -> {
          channel.close();
          return file;
        });
  }

  /** Makes the entries of a folder durable. */
  static void forceFolder(Path folder) {
    step(
        folder,
        () -> {
          try (var channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
          }
          return folder;
        });
  }

  /** Makes a folder and its missing parents; whoever needs it durable forces the parent. */
  static void createFolder(Path folder) {
    step(folder, () -> Files.createDirectories(folder));
  }

  static boolean exists(Path path) {
    return Files.exists(path);
  }

  /** The names in a folder, sorted; none where it is absent. */
  static List<String> names(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    return step(
        folder,
        () -> {
          try (Stream<Path> entries = Files.list(folder)) {
            return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
          }
        });
  }

  /** The bytes of a small file. */
  static byte[] bytes(Path file) {
    return step(file, () -> Files.readAllBytes(file));
  }

  /** Writes a small file and forces it; its name is not durable before its folder is forced. */
  static void writeForced(Path file, byte[] bytes) {
    FileChannel channel = write(file);
    try {
      truncate(file, channel, 0);
      writeAt(file, channel, 0, ByteBuffer.wrap(bytes));
      force(file, channel);
    } finally {
      close(file, channel);
    }
  }

  /** Replaces a document: whole and durable, or not at all. */
  static void writeDocument(Path file, ObjectNode entry) {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    writeForced(fresh, CheckedLine.encode(entry));
    rename(fresh, file);
  }

  /** Reads a document that {@link #writeDocument} wrote. */
  static ObjectNode readDocument(Path file) {
    byte[] bytes = bytes(file);
    ObjectNode entry = CheckedLine.decode(bytes);
    if (entry == null) {
      throw new CorruptionException(
          file, "one line of JSON that matches its crc32c", "%d bytes".formatted(bytes.length));
    }
    return entry;
  }

  /** Renames, and makes it durable on both sides. */
  static void rename(Path from, Path to) {
    step(
        to,
        () -> {
          // opened before, so that nothing has happened where no more files can be opened
          try (var target = FileChannel.open(parent(to), StandardOpenOption.READ);
              var source = FileChannel.open(parent(from), StandardOpenOption.READ)) {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
            target.force(true);
            if (!parent(from).equals(parent(to))) {
              source.force(true);
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

  /** Copies a file; neither its bytes nor its name are forced. */
  static Path copy(Path from, Path to) {
    return step(to, () -> Files.copy(from, to));
  }

  /** Removes a file or a folder with all that is in it. */
  static void delete(Path path) {
    if (!Files.exists(path)) {
      return;
    }
    step(
        path,
        () ->
            Files.walkFileTree(
                path,
                new SimpleFileVisitor<>() {
                  @Override
                  public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                      throws IOException {
                    Files.delete(file);
                    return FileVisitResult.CONTINUE;
                  }

                  @Override
                  public FileVisitResult postVisitDirectory(Path folder, IOException failure)
                      throws IOException {
                    if (failure != null) {
                      throw failure;
                    }
                    Files.delete(folder);
                    return FileVisitResult.CONTINUE;
                  }
                }));
  }

  /** Bytes that may still be written to the disk of a folder. */
  static long free(Path folder) {
    return step(folder, () -> Files.getFileStore(folder).getUsableSpace());
  }
}
