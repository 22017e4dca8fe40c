package io.fedstep.store;

import io.fedstep.codec.CheckedLine;
import java.nio.file.Path;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** A file that is one line of JSON with its checksum, replaced as a whole. */
final class Document {
  private Document() {}

  /** Replaces a document: whole and durable, or not at all. */
  static void write(Disk disk, Path file, ObjectNode entry) {
    write(disk, file, entry, false);
  }

  /** Replaces a document, which other processes may do at the same time if it is shared. */
  static void write(Disk disk, Path file, ObjectNode entry, boolean shared) {
    String own = shared ? "." + UUID.randomUUID() : "";
    Path fresh = file.resolveSibling(file.getFileName() + own + Disk.FRESH);
    disk.writeForced(fresh, CheckedLine.encode(entry));
    disk.rename(fresh, file);
  }

  /** Reads a document that {@link #write} wrote. */
  static ObjectNode read(Disk disk, Path file) {
    byte[] bytes = disk.bytes(file);
    ObjectNode entry = CheckedLine.decode(bytes);
    if (entry == null) {
      throw new CorruptionException(
          file, "one line of JSON that matches its crc32c", "%s bytes".formatted(bytes.length));
    }
    return entry;
  }

  /** Reads a document and decodes it; one that the decoder rejects is corrupt. */
  static <T extends @Nullable Object> T read(
      Disk disk, Path file, Function<ObjectNode, T> decoder) {
    ObjectNode document = read(disk, file);
    return decoded(file, () -> decoder.apply(document));
  }

  /** Decodes JSON of a file whose checksum is right; what the decoder rejects is corrupt. */
  static <T extends @Nullable Object> T decoded(Path file, Supplier<T> decoder) {
    try {
      return decoder.get();
    } catch (StorageException e) {
      throw e;
    } catch (RuntimeException e) { // Jackson's, or of a record that checks itself
      throw new CorruptionException(file, "a content that makes sense", e.toString());
    }
  }

  /** Checks that a file is of the format that its reader knows. */
  static void checkFormat(Path file, ObjectNode head, int format) {
    if (head.path("format").asInt(0) != format) {
      throw new CorruptionException(file, "format " + format, head.path("format").toString());
    }
  }
}
