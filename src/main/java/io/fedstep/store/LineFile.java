package io.fedstep.store;

import io.fedstep.codec.CheckedLine;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * A file of lines, each with a checksum, appended one after the other. A crash may leave an
 * unfinished tail, which was never acknowledged and is cut off: a last line without its newline, or
 * a line with a part that never reached the disk and reads as zeros, with all lines after it. Any
 * other line that does not match its checksum is corruption, and so is a file without a first line,
 * which gets its name only once that line is durable.
 */
final class LineFile implements AutoCloseable {
  /** The member of a line that says how many bytes before it were durable when it was written. */
  private static final String DURABLE = "durable";

  private final RoundFile file;
  private long end;
  private long durable;

  /** Whether a failed write may have left a part of its lines. */
  private boolean hasTail;

  private LineFile(RoundFile file, long end) {
    this.file = file;
    this.end = end;
    durable = end;
  }

  /** A new file of these lines, there whole and durable or not at all. */
  static LineFile create(Disk disk, Path path, List<ObjectNode> entries) {
    byte[] lines = lines(entries);
    Path fresh = path.resolveSibling(path.getFileName() + Disk.FRESH);
    disk.writeForced(fresh, lines);
    disk.rename(fresh, path);
    return new LineFile(new RoundFile(disk, path), lines.length);
  }

  /** A file, and how many lines it held. */
  record Found(LineFile file, int lines) {}

  /**
   * Opens a file that has a first line, and makes durable what is read. Its entries are passed on
   * one by one; none is kept.
   */
  static Found open(Disk disk, Path path, Consumer<ObjectNode> entries) {
    Found found = openIfBegun(disk, path, entries);
    if (found == null) {
      throw new CorruptionException(
          path,
          "a first line of JSON that matches its crc32c",
          "%s bytes without one".formatted(disk.size(path)));
    }
    return found;
  }

  /** As {@link #open}; where the first line is unfinished null, and the file stays as it is. */
  static @Nullable Found openIfBegun(Disk disk, Path path, Consumer<ObjectNode> entries) {
    byte[] bytes = disk.bytes(path);
    int lines = 0;
    int end = 0;
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == '\n') {
        ObjectNode entry = CheckedLine.decode(Arrays.copyOfRange(bytes, end, i + 1));
        if (entry == null && hasZeros(bytes, end, i) && !wasDurable(bytes, end, i + 1)) {
          break; // never forced, and neither were the lines after it
        }
        if (entry == null) {
          throw new CorruptionException(
              path,
              "a line of JSON that matches its crc32c at byte %s".formatted(end),
              "another line (%s bytes)".formatted(i + 1 - end));
        }
        entries.accept(entry);
        lines++;
        end = i + 1;
      }
    }
    if (!hasZeros(bytes, end, bytes.length)) {
      checkTail(path, bytes, end);
    }
    if (lines == 0) {
      return null;
    }
    var found = new LineFile(new RoundFile(disk, path), end);
    found.file.truncate(end);
    found.force(); // what was read may be in the system's memory alone, and is shown from now on
    return new Found(found, lines);
  }

  /** Whether a later line says that the bad one, at {@code at}, was durable when it was written. */
  private static boolean wasDurable(byte[] bytes, int at, int from) {
    int begin = from;
    for (int i = from; i < bytes.length; i++) {
      if (bytes[i] == '\n') {
        ObjectNode entry = CheckedLine.decode(Arrays.copyOfRange(bytes, begin, i + 1));
        if (entry != null && entry.path(DURABLE).asLong(0) > at) {
          return true;
        }
        begin = i + 1;
      }
    }
    return false;
  }

  private static boolean hasZeros(byte[] bytes, int from, int to) {
    for (int i = from; i < to; i++) {
      if (bytes[i] == 0) {
        return true;
      }
    }
    return false;
  }

  /** Checks that the tail is the beginning of a line, not a whole line with a bad newline. */
  private static void checkTail(Path path, byte[] bytes, int from) {
    byte[] rest = Arrays.copyOfRange(bytes, from, bytes.length);
    if (rest.length > 0) {
      rest[rest.length - 1] = '\n';
      if (CheckedLine.decode(rest) != null) {
        throw new CorruptionException(
            path, "a newline at byte %s".formatted(bytes.length - 1), "another character");
      }
    }
  }

  private static byte[] lines(List<ObjectNode> entries) {
    var lines = new ByteArrayOutputStream();
    entries.forEach(entry -> lines.writeBytes(CheckedLine.encode(entry)));
    return lines.toByteArray();
  }

  /** Appends lines, all or none; they are durable after the next {@link #force}. */
  void append(List<ObjectNode> entries) {
    entries.forEach(entry -> entry.put(DURABLE, durable));
    byte[] lines = lines(entries);
    file.channel(); // opened first: if that fails, there is nothing to undo
    cutOffTail();
    hasTail = true;
    try {
      file.write(end, ByteBuffer.wrap(lines));
    } catch (StorageException e) {
      tryToCutOffTail();
      throw e;
    }
    hasTail = false;
    end += lines.length;
  }

  /** Removes what a failed write has left after the last line. */
  private void cutOffTail() {
    if (hasTail) {
      file.truncate(end);
      hasTail = false;
    }
  }

  /** Cuts the tail off now, or before the next lines if the disk refuses for the moment. */
  private void tryToCutOffTail() {
    try {
      cutOffTail();
    } catch (StorageException e) {
      if (!e.passes()) {
        throw e;
      }
    }
  }

  void rename(Path to) {
    file.rename(to);
  }

  /** Makes every line durable that was appended, and closes the file until it is used again. */
  void force() {
    file.force();
    durable = end;
    file.closeUntilUsed();
  }

  @Override
  public void close() {
    file.close();
  }
}
