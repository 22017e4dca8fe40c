package io.fedstep.store;

import io.fedstep.codec.Crc32c;
import io.fedstep.codec.JoinedCrc32c;
import io.fedstep.model.ModelSpec;
import io.fedstep.privacy.Standing;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** The files in a version's folder, checked against the checksums that its document has of them. */
final class VersionFiles {
  static final String DOCUMENT = "version.json";
  static final String WEIGHTS = "weights.safetensors";
  static final String GRADIENT = "gradient.safetensors";
  static final String STATE = "state.json";

  private final Disk disk;
  private final Path folder;
  private final ModelSpec spec;
  private final Halves halves;
  private final Map<String, MadeFile> deltas = new ConcurrentHashMap<>();
  private boolean verified;
  private @Nullable CorruptionException corrupt;
  private @Nullable Map<String, FileSum> sums;

  /** Files that were found; they are checked when the first of them is read. */
  VersionFiles(Disk disk, Path folder, ModelSpec spec) {
    this.disk = disk;
    this.folder = folder;
    this.spec = spec;
    halves = new Halves(disk, folder, spec);
  }

  /**
   * Files that this process, or another one, has just written.
   *
   * @param sums theirs, or null to read them from the document when they are needed
   */
  static VersionFiles written(
      Disk disk, Path folder, ModelSpec spec, @Nullable Map<String, FileSum> sums) {
    var written = new VersionFiles(disk, folder, spec);
    written.verified = true;
    written.sums = sums;
    return written;
  }

  Path folder() {
    return folder;
  }

  boolean areGone() {
    return !disk.exists(folder);
  }

  boolean has(String file) {
    return disk.exists(folder.resolve(file));
  }

  /** Something of the document. */
  <T extends @Nullable Object> T document(Function<ObjectNode, T> decoder) {
    return Document.read(disk, folder.resolve(DOCUMENT), decoder);
  }

  private synchronized FileSum sum(String file) {
    FileSum known = sums().get(file);
    if (known == null) {
      throw new CorruptionException(folder.resolve(DOCUMENT), "a checksum of " + file, "none");
    }
    return known;
  }

  private synchronized Map<String, FileSum> sums() {
    Map<String, FileSum> known = sums;
    if (known == null) {
      known = document(json -> FileSum.all(json.required("files")));
      sums = known;
    }
    return known;
  }

  /** Checks every file, once. */
  synchronized void verify() {
    if (corrupt != null) {
      throw corrupt;
    }
    if (verified) {
      return;
    }
    try {
      sums().forEach(this::verify);
      verified = true;
    } catch (CorruptionException e) {
      corrupt = e; // a large file is not read again by each who asks
      throw e;
    }
  }

  private void verify(String file, FileSum known) {
    try (var open = RandomFile.toRead(disk, folder.resolve(file))) {
      open.verify(known);
    }
  }

  /**
   * Checks what was read of weights and state, piece by piece; a file of which the pieces are not
   * all is read once more.
   *
   * @param digest of the weights
   * @param read by file, the pieces: of the weights, offsets in the flat vector
   */
  void check(String digest, Map<String, List<JoinedCrc32c.Piece>> read) {
    Integer weights = joined(read, WEIGHTS, spec.vectorBytes());
    FileSum state = sum(STATE);
    Integer stateCrc = joined(read, STATE, state.bytes());
    if (weights == null) {
      verify(WEIGHTS, sum(WEIGHTS));
    } else if (!Crc32c.digest(weights).equals(digest)) {
      throw new CorruptionException(folder.resolve(WEIGHTS), digest, Crc32c.digest(weights));
    }
    if (stateCrc == null) {
      verify(STATE, state);
    } else {
      state.check(folder.resolve(STATE), stateCrc.intValue());
    }
  }

  private static @Nullable Integer joined(
      Map<String, List<JoinedCrc32c.Piece>> read, String file, long length) {
    var joined = new JoinedCrc32c();
    joined.addAll(read.getOrDefault(file, List.of()));
    return joined.of(length);
  }

  /** Copies a file into another folder, checked on the way, and gives its checksum. */
  FileSum copy(String file, Path into) {
    FileSum known = sum(file);
    try (var source = RandomFile.toRead(disk, folder.resolve(file));
        var target = RandomFile.toWrite(disk, into.resolve(file))) {
      source.copy(known, target);
    }
    return known;
  }

  /** The end of a file, as many bytes as {@code length} makes of its size. */
  FileRange end(
      String file,
      LongUnaryOperator length,
      Function<StorageException, RuntimeException> failed,
      Runnable release,
      Runnable sends) {
    Path path = folder.resolve(file);
    long size = disk.size(path);
    long bytes = length.applyAsLong(size);
    return new FileRange(failed, release, sends, disk, path, size - bytes, bytes);
  }

  /** Whether a file of safetensors is of a release before 0.2, without metadata. */
  boolean isBare(String file) {
    return VectorFile.isBare(disk.size(folder.resolve(file)), spec);
  }

  Standing standing() {
    return LedgerFile.read(disk, folder);
  }

  /** The weights in fewer bytes. */
  Halves halves() {
    return halves;
  }

  /** The file of what differs from the version before, of a format and a coding. */
  MadeFile delta(String kind) {
    return deltas.computeIfAbsent(kind, _ -> new MadeFile(disk, folder, kind));
  }

  VectorFile weights() {
    return VectorFile.toRead(disk, folder.resolve(WEIGHTS), spec);
  }

  StateFile state() {
    return StateFile.toRead(disk, folder.resolve(STATE), spec);
  }
}
