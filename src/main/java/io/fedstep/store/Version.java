package io.fedstep.store;

import io.fedstep.codec.Crc32c;
import io.fedstep.codec.HalfFormat;
import io.fedstep.codec.JoinedCrc32c;
import io.fedstep.codec.StateDocument;
import io.fedstep.model.ModelSpec;
import io.fedstep.privacy.Ledger;
import io.fedstep.privacy.Standing;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.round.ControlRounds;
import io.fedstep.round.RoundRecord;
import java.io.IOException;
import java.lang.ref.SoftReference;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongUnaryOperator;
import java.util.function.Supplier;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A version of a model: a folder that appeared whole and never changes. Version 0 has no folder
 * while its weights are the zeros of the model's creation.
 */
public final class Version {
  /** The file with its weights. */
  public static final String WEIGHTS = VersionFiles.WEIGHTS;

  /** The file with its optimizer state. */
  public static final String STATE = VersionFiles.STATE;

  private final @Nullable VersionFiles files;
  private final ModelSpec spec;
  private final VersionInfo info;
  private final Holders holders = new Holders();
  private volatile boolean sent;
  private volatile @Nullable SoftReference<ControlRounds> controls;
  private boolean bareZeros;

  private Version(@Nullable VersionFiles files, ModelSpec spec, VersionInfo info) {
    this.files = files;
    this.spec = spec;
    this.info = info;
  }

  /** The description of version 0 as a model is created with it: zeros. */
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
  static Version ofZeros(ModelHead head, VersionInfo info) {
    var zeros = new Version(null, head.spec(), info);
    zeros.bareZeros = head.bareZeros();
    return zeros;
  }

  /** A version that has just been written. */
  static Version written(Disk disk, Path folder, ModelSpec spec, VersionInfo info) {
    return new Version(VersionFiles.written(disk, folder, spec, null), spec, info);
  }

  /** A version that has just been written, with what is known of it. */
  static Version written(
      Disk disk,
      Path folder,
      ModelSpec spec,
      VersionInfo info,
      Map<String, FileSum> sums,
      @Nullable ControlRounds controls) {
    var written = new Version(VersionFiles.written(disk, folder, spec, sums), spec, info);
    written.controls = controls == null ? null : new SoftReference<>(controls);
    return written;
  }

  /** A version found on disk; its files are checked when the first of them is read. */
  static Version found(Disk disk, Path folder, ModelSpec spec) {
    var files = new VersionFiles(disk, folder, spec);
    Path document = folder.resolve(VersionFiles.DOCUMENT);
    var found =
        new Version(files, spec, files.document(json -> VersionDocument.info(document, json)));
    found.sent = true; // by another process, perhaps
    return found;
  }

  /** Its description. */
  public VersionInfo info() {
    return info;
  }

  @Nullable Path folder() {
    return files == null ? null : files.folder();
  }

  /** Whether another process has removed its files. */
  public boolean isGone() {
    return files != null && files.areGone();
  }

  /** The record of the round that ended with this version, or null for version 0. */
  public @Nullable RoundRecord round() {
    if (files == null) {
      return null;
    }
    try {
      return files.<@Nullable RoundRecord>document(VersionDocument::round);
    } catch (StorageException e) {
      throw failed(e);
    }
  }

  /** Of whom its state holds controls, and of which rounds; nobody's without SCAFFOLD. */
  public ControlRounds controls() {
    if (files == null || !spec.hasControls()) {
      return ControlRounds.NONE;
    }
    SoftReference<ControlRounds> known = controls;
    ControlRounds found = known == null ? null : known.get();
    if (found == null) {
      found = kept(() -> files.document(VersionDocument::controls));
      controls = new SoftReference<>(found); // there may be a hundred thousand
    }
    return found;
  }

  /**
   * The control with which clients train from it, as one vector of the stepped tensors; to be
   * closed.
   */
  public VersionBytes controlBytes() {
    VersionFiles from = files;
    if (from == null) {
      return Repeated.zeros(ControlBytes.bytes(spec));
    }
    int clients = controls().size();
    return held(from, () -> new ControlBytes(spec, from.state(), clients, this::release));
  }

  /** What it carries along, of a private model; nothing is paid for yet while it is zeros. */
  public Standing standing() {
    if (files == null) {
      return new Standing(Ledger.begin(spec.isSampled()), null);
    }
    try {
      return files.standing();
    } catch (StorageException e) {
      throw failed(e);
    }
  }

  /** Notes in a failed read of its files which version they belong to. */
  private StorageException failed(StorageException e) {
    return e.of(info.version());
  }

  /** Checks every file against the version's document, once. */
  public void verify() {
    if (files != null) {
      try {
        files.verify();
      } catch (StorageException e) {
        throw failed(e);
      }
    }
  }

  /**
   * Checks what was read of its files, piece by piece, before anything counts that was computed
   * from it. Where the pieces are not all, the file is read once more.
   *
   * @param read by file, the pieces: of the weights, offsets in the flat vector
   */
  public void check(Map<String, List<JoinedCrc32c.Piece>> read) {
    VersionFiles from = files;
    if (from != null) {
      kept(() -> {
        from.check(info.digest(), read);
        return from;
      });
    }
  }

  /** Lets no further reader in: its files are about to be deleted or written over. */
  void retire() {
    holders.retire();
  }

  /** Whether this retired version has no reader, so that its files can be deleted. */
  boolean isFree() {
    return holders.isNone();
  }

  /**
   * Notes that a file is sent to a connection. The operating system keeps its pages, not a copy,
   * until the other side has read them, which may be long after the sending ended.
   */
  private void sends() {
    sent = true;
  }

  /** Whether its files can be written over without any connection seeing the new bytes. */
  boolean isReusable() {
    return !sent;
  }

  private void hold() {
    if (!holders.add()) {
      throw gone();
    }
  }

  private void release() {
    holders.remove();
  }

  /** Does something while its files stay. */
  void whileHeld(Runnable reading) {
    hold();
    try {
      reading.run();
    } finally {
      release();
    }
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
      if (holders.areRetired()) {
        throw gone();
      }
      throw failed(e);
    }
  }

  /** Copies one of its files into another folder, checked on the way, and gives its checksum. */
  FileSum copy(String file, Path into) {
    VersionFiles from = Objects.requireNonNull(files);
    return kept(() -> from.copy(file, into));
  }

  /** Whether its weights are in a file of before 0.2, without metadata. */
  boolean isBare() {
    return files != null && files.isBare(WEIGHTS);
  }

  /** Its weights, or null where they are zeros; the reader has them checked. */
  public @Nullable VectorFile weights() {
    return files == null ? null : kept(files::weights);
  }

  /** Its optimizer state; the reader has it checked. */
  public StateFile state() {
    return files == null ? StateFile.initial(spec) : kept(files::state);
  }

  /** Its weights as one vector; to be closed. */
  public VersionBytes weightBytes() {
    return files == null
        ? new Zeros(Repeated.zeros(spec.vectorBytes()), bareZeros)
        : vector(files, WEIGHTS);
  }

  /** Its weights in a format of fewer bytes. */
  public Half half(HalfFormat format, Half.Making making) {
    return files == null
        ? Half.ofZeros(spec, format)
        : files.halves().get(format, vector(files, WEIGHTS), making);
  }

  /**
   * What differs from the weights of the version before, as {@link Delta} has it, compressed; to be
   * closed. Null where those have another head, or it cannot be written, or read.
   *
   * @param format of fewer bytes, or null for that of the weights
   * @param coding the name of what compresses it
   * @param halves computes weights in the format, which both versions have
   * @param coded computes and compresses
   */
  public @Nullable FileRange delta(
      Version before,
      @Nullable HalfFormat format,
      String coding,
      Half.Making halves,
      Half.Making coded) {
    VersionFiles its = files;
    if (its == null || (format == null && hasBareHead() != before.hasBareHead())) {
      return null;
    }
    int width = format == null ? spec.dtype().bytes() : format.width();
    long length = spec.parameters() * width;
    String kind = (format == null ? "" : format.label() + ".") + "xor." + coding;
    hold();
    FileRange made = null;
    try {
      made =
          its.delta(kind)
              .get(
                  length + length / 64 + 1024, // of what cannot be compressed
                  to -> {
                    try (VersionBytes old = before.values(format, halves);
                        VersionBytes fresh = values(format, halves)) {
                      coded.make(new Delta(old, fresh, spec.parameters(), width)::write, to);
                    }
                    return true;
                  },
                  this::release);
    } finally {
      if (made == null) {
        release();
      }
    }
    return made;
  }

  private boolean hasBareHead() {
    return files == null ? bareZeros : isBare();
  }

  private VersionBytes values(@Nullable HalfFormat format, Half.Making making) throws IOException {
    if (format == null) {
      return weightBytes();
    }
    return switch (half(format, making)) {
      case Half.There(var bytes) -> bytes;
      case Half.Beyond none ->
          throw new IOException("weight %s has no %s".formatted(none.index(), format.label()));
    };
  }

  /** Whether a round made it, whose last optimizer module gave a gradient. */
  public boolean hasGradient() {
    boolean found = files != null && files.has(VersionFiles.GRADIENT);
    if (!found && holders.areRetired()) {
      throw gone(); // and with it the file, perhaps
    }
    return found;
  }

  /** That gradient as one vector; to be closed. */
  public VersionBytes gradientBytes() {
    return vector(Objects.requireNonNull(files), VersionFiles.GRADIENT);
  }

  /** Its optimizer state's document; to be closed. */
  public VersionBytes stateBytes() {
    return files == null
        ? Repeated.once(StateDocument.initial(spec.optimizer().modules()))
        : held(files, STATE, size -> size);
  }

  /** The flat vector is the end of a safetensors file. */
  private FileRange vector(VersionFiles from, String file) {
    return held(from, file, _ -> spec.vectorBytes());
  }

  /** The end of a file, as many bytes as {@code length} makes of its size; checked before. */
  private FileRange held(VersionFiles from, String file, LongUnaryOperator length) {
    return held(from, () -> from.end(file, length, this::failed, this::release, this::sends));
  }

  /** What is opened of files that are checked; the version is held until that is closed. */
  private <T> T held(VersionFiles from, Supplier<T> open) {
    hold();
    try {
      from.verify();
      return open.get();
    } catch (StorageException e) {
      release();
      throw failed(e);
    } catch (RuntimeException e) {
      release();
      throw e;
    }
  }
}
