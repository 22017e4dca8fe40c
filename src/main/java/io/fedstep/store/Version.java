package io.fedstep.store;

import io.fedstep.codec.Crc32c;
import io.fedstep.codec.JoinedCrc32c;
import io.fedstep.codec.Json;
import io.fedstep.codec.RecordCodec;
import io.fedstep.codec.StateDocument;
import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.round.RoundRecord;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * A version of a model: a folder that appeared whole and never changes. Version 0 has no folder
 * while its weights are the zeros of the model's creation.
 */
public final class Version {
  static final String DOCUMENT = "version.json";

  /** The file with its weights. */
  public static final String WEIGHTS = "weights.safetensors";

  static final String GRADIENT = "gradient.safetensors";

  /** The file with its optimizer state. */
  public static final String STATE = "state.json";

  static final int FORMAT = 1;

  private final Disk disk;
  private final @Nullable Path folder;
  private final ModelSpec spec;
  private final VersionInfo info;
  private final AtomicInteger holders = new AtomicInteger();
  private boolean verified;
  private @Nullable CorruptionException corrupt;
  private @Nullable Map<String, FileSum> sums;
  private volatile boolean retired;
  private volatile boolean sent;

  private Version(
      Disk disk, @Nullable Path folder, ModelSpec spec, VersionInfo info, boolean verified) {
    this.disk = disk;
    this.folder = folder;
    this.spec = spec;
    this.info = info;
    this.verified = verified;
  }

  /** What is known of version 0 as a model is created with it: zeros. */
  public static VersionInfo zeros(ModelHead head) {
    byte[] zeros = new byte[8192];
    var crc = new CRC32C();
    for (long rest = head.spec().vectorBytes(); rest > 0; rest -= zeros.length) {
      crc.update(zeros, 0, (int) Math.min(zeros.length, rest));
    }
    String digest = Crc32c.digest((int) crc.getValue());
    return new VersionInfo(
        0, VersionInfo.MadeBy.CREATED, head.incarnation() + "-0", head.createdAt(), digest);
  }

  /** Version 0 while it has no folder. */
  static Version ofZeros(Disk disk, ModelSpec spec, VersionInfo info) {
    return new Version(disk, null, spec, info, true);
  }

  /** A version that has just been written. */
  static Version written(Disk disk, Path folder, ModelSpec spec, VersionInfo info) {
    return new Version(disk, folder, spec, info, true);
  }

  /** The same, of whose files all is known. */
  static Version written(
      Disk disk, Path folder, ModelSpec spec, VersionInfo info, Map<String, FileSum> sums) {
    Version written = written(disk, folder, spec, info);
    written.sums = sums;
    return written;
  }

  /** A version found on disk; its files are checked when the first of them is read. */
  static Version found(Disk disk, Path folder, ModelSpec spec) {
    Path document = folder.resolve(DOCUMENT);
    var found =
        new Version(
            disk, folder, spec, disk.readDocument(document, json -> info(document, json)), false);
    found.sent = true; // by another process, perhaps
    return found;
  }

  private static VersionInfo info(Path document, ObjectNode json) {
    Disk.checkFormat(document, json, FORMAT);
    return VersionInfo.of(json);
  }

  /** What its document says, files and record to be added. */
  static ObjectNode document(VersionInfo info) {
    ObjectNode json = Json.object().put("format", FORMAT);
    json.setAll(info.write());
    return json;
  }

  /** What is known of it beside its numbers. */
  public VersionInfo info() {
    return info;
  }

  @Nullable Path folder() {
    return folder;
  }

  /** Whether another process has removed its files. */
  public boolean isGone() {
    return folder != null && !disk.exists(folder);
  }

  /** The record of the round that ended with this version, or null for version 0. */
  public @Nullable RoundRecord round() {
    if (folder == null) {
      return null;
    }
    try {
      return disk.<@Nullable RoundRecord>readDocument(
          folder.resolve(DOCUMENT),
          json -> json.has("round") ? RecordCodec.read(json.required("round")) : null);
    } catch (StorageException e) {
      throw failed(e);
    }
  }

  /** A failed read of its files, which says so. */
  private StorageException failed(StorageException e) {
    return e.of(info.version());
  }

  private synchronized FileSum sum(Path folder, String file) {
    FileSum known = sums(folder).get(file);
    if (known == null) {
      throw new CorruptionException(folder.resolve(DOCUMENT), "a checksum of " + file, "none");
    }
    return known;
  }

  private synchronized Map<String, FileSum> sums(Path folder) {
    Map<String, FileSum> known = sums;
    if (known == null) {
      known =
          disk.readDocument(folder.resolve(DOCUMENT), json -> FileSum.all(json.required("files")));
      sums = known;
    }
    return known;
  }

  /** Checks every file against the version's document, once. */
  public synchronized void verify() {
    if (corrupt != null) {
      throw corrupt;
    }
    if (verified || folder == null) {
      return;
    }
    try {
      sums(folder).forEach((file, sum) -> verify(folder.resolve(file), sum));
      verified = true;
    } catch (CorruptionException e) {
      corrupt = e; // nobody has it read a large file again and again
      throw failed(e);
    } catch (StorageException e) {
      throw failed(e);
    }
  }

  private void verify(Path file, FileSum known) {
    try (var open = RandomFile.toRead(disk, file)) {
      open.verify(known);
    }
  }

  /**
   * Checks what was read of its files, piece by piece, before anything counts that was computed
   * from it. Where the pieces are not all, the file is read once more.
   *
   * @param read by file, the pieces: of the weights, offsets in the flat vector
   */
  public void check(Map<String, List<JoinedCrc32c.Piece>> read) {
    Path at = folder;
    if (at != null) {
      kept(() -> {
        Integer weights = joined(read, WEIGHTS, spec.vectorBytes());
        FileSum state = sum(at, STATE);
        Integer stateCrc = joined(read, STATE, state.bytes());
        if (weights == null) {
          verify(at.resolve(WEIGHTS), sum(at, WEIGHTS));
        } else if (!Crc32c.digest(weights).equals(info.digest())) {
          throw new CorruptionException(at.resolve(WEIGHTS), info.digest(), Crc32c.digest(weights));
        }
        if (stateCrc == null) {
          verify(at.resolve(STATE), state);
        } else {
          state.check(at.resolve(STATE), stateCrc.intValue());
        }
        return at;
      });
    }
  }

  private static @Nullable Integer joined(
      Map<String, List<JoinedCrc32c.Piece>> read, String file, long length) {
    var joined = new JoinedCrc32c();
    joined.addAll(read.getOrDefault(file, List.of()));
    return joined.of(length);
  }

  /** Its files are about to go, or to be written over: nobody can hold them any more. */
  void retire() {
    retired = true;
  }

  /** Whether this retired version's files can go, because nobody reads them. */
  boolean isFree() {
    return holders.get() == 0;
  }

  /**
   * A file of its own goes to a connection: its pages, not a copy of them, lie there until the
   * other side has read them, however long ago the sending ended.
   */
  private void sends() {
    sent = true;
  }

  /** Whether nobody can still read what its files held before something is written over them. */
  boolean isReusable() {
    return !sent;
  }

  private void hold() {
    holders.incrementAndGet();
    if (retired) { // looked at after the count went up, which isFree sees
      release();
      throw gone();
    }
  }

  private void release() {
    holders.decrementAndGet();
  }

  private RefusedException gone() {
    return Refusal.of(
            Problem.VERSION_NOT_FOUND, "Version %s is kept no more.".formatted(info.version()))
        .exception();
  }

  private <T> T kept(Supplier<T> opened) {
    try {
      return opened.get();
    } catch (StorageException e) {
      if (retired) {
        throw gone();
      }
      throw failed(e);
    }
  }

  /** Copies one of its files into another folder, checked on the way, and gives what it is. */
  FileSum copy(String file, Path into) {
    Path from = Objects.requireNonNull(folder);
    return kept(() -> {
      FileSum known = sum(from, file);
      try (var source = RandomFile.toRead(disk, from.resolve(file));
          var target = RandomFile.toWrite(disk, into.resolve(file))) {
        source.copy(known, target);
      }
      return known;
    });
  }

  /** Its weights, or null where they are zeros; whoever reads them has them checked. */
  public @Nullable VectorFile weights() {
    return folder == null
        ? null
        : kept(() -> VectorFile.toRead(disk, folder.resolve(WEIGHTS), spec));
  }

  /** Its optimizer state; whoever reads it has it checked. */
  public StateFile state() {
    return folder == null
        ? StateFile.initial(spec)
        : kept(() -> StateFile.toRead(disk, folder.resolve(STATE), spec));
  }

  /** Its weights as one vector; to be closed. */
  public VersionBytes weightBytes() {
    return folder == null ? Repeated.zeros(spec.vectorBytes()) : vector(folder.resolve(WEIGHTS));
  }

  /** Whether a round made it, whose last optimizer module gave a gradient. */
  public boolean hasGradient() {
    boolean found = folder != null && disk.exists(folder.resolve(GRADIENT));
    if (!found && retired) {
      throw gone(); // and with it the file, perhaps
    }
    return found;
  }

  /** That gradient as one vector; to be closed. */
  public VersionBytes gradientBytes() {
    return vector(Objects.requireNonNull(folder).resolve(GRADIENT));
  }

  /** Its optimizer state's document; to be closed. */
  public VersionBytes stateBytes() {
    return folder == null
        ? Repeated.once(StateDocument.initial(spec.optimizer().modules()))
        : held(folder.resolve(STATE), path -> range(path, 0, disk.size(path)));
  }

  /** The flat vector is the end of a safetensors file. */
  private FileRange vector(Path file) {
    long length = spec.vectorBytes();
    return held(file, path -> range(path, disk.size(path) - length, length));
  }

  private FileRange range(Path file, long start, long length) {
    return new FileRange(this::failed, this::release, this::sends, disk, file, start, length);
  }

  private FileRange held(Path file, Function<Path, FileRange> range) {
    hold();
    try {
      verify();
      return range.apply(file);
    } catch (StorageException e) {
      release();
      throw failed(e);
    } catch (RuntimeException e) {
      release();
      throw e;
    }
  }
}
