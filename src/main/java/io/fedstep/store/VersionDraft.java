package io.fedstep.store;

import io.fedstep.codec.CheckedLine;
import io.fedstep.codec.JoinedCrc32c;
import io.fedstep.codec.StateBody;
import io.fedstep.model.ModelSpec;
import io.fedstep.optim.StateEntry;
import io.fedstep.optim.Tally;
import io.fedstep.privacy.Standing;
import io.fedstep.round.ControlRounds;
import io.fedstep.round.RoundRecord;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** A version that is being written, in a hidden folder, until it is committed or removed. */
public final class VersionDraft implements AutoCloseable {
  private static final int COPIED = 1 << 16;
  private static final String SCRATCH = ".state.json";

  private final Disk disk;
  private final Path folder;
  private final ModelSpec spec;
  private final String model;
  private final Map<String, DraftFile> files = new HashMap<>();
  private final Map<String, FileSum> copied = new HashMap<>();
  private final boolean shared;
  private @Nullable ScratchFolder scratch;
  private @Nullable VectorFile between;
  private @Nullable String copiedDigest;
  private Map<String, FileSum> sums = Map.of();
  private @Nullable Standing standing;
  private @Nullable ControlRounds controls;
  private List<String> clients = List.of();
  private boolean left;

  VersionDraft(Disk disk, Path folder, ModelSpec spec, String model) {
    this(disk, folder, spec, model, false);
  }

  /** A draft that others may have begun, too. */
  static VersionDraft shared(Disk disk, Path folder, ModelSpec spec, String model) {
    return new VersionDraft(disk, folder, spec, model, true);
  }

  private VersionDraft(Disk disk, Path folder, ModelSpec spec, String model, boolean shared) {
    this.disk = disk;
    this.shared = shared;
    this.folder = folder;
    this.spec = spec;
    this.model = model;
    disk.makeFolder(folder); // not its model's, which may be deleted meanwhile
  }

  private <T extends DraftFile> T keep(String name, T file) {
    files.put(name, file);
    return file;
  }

  /** New weights: zeros until they are written. */
  public VectorFile newWeights() {
    return newVector(Version.WEIGHTS);
  }

  /** A new gradient: zeros until it is written. */
  public VectorFile newGradient() {
    return newVector(VersionFiles.GRADIENT);
  }

  private VectorFile newVector(String name) {
    Path path = folder.resolve(name);
    return keep(
        name, shared ? VectorFile.toShare(disk, path, spec) : VectorFile.toWrite(disk, path, spec));
  }

  /** Sends what lies between two passes to a file of this process alone. */
  public VersionDraft with(ScratchFolder own) {
    scratch = own;
    return this;
  }

  /** Where a gradient is between two passes: in its own file, unless others write that, too. */
  public VectorFile between(VectorFile gradient) {
    if (scratch == null) {
      return gradient;
    }
    VectorFile own = scratch.vector(spec);
    between = own;
    return own;
  }

  /** What was written, by file. */
  public Map<String, List<JoinedCrc32c.Piece>> written() {
    var all = new TreeMap<String, List<JoinedCrc32c.Piece>>();
    files.forEach((name, file) -> all.put(name, file.written().pieces()));
    return all;
  }

  /** Counts in what others have written. */
  public void add(Map<String, List<JoinedCrc32c.Piece>> others) {
    others.forEach(
        (name, pieces) -> Objects.requireNonNull(files.get(name)).written().addAll(pieces));
  }

  /** Its name, by which another process can continue it. */
  public String name() {
    return folder.getFileName().toString();
  }

  /** Makes all durable that this process has written. */
  public void force() {
    files.values().forEach(file -> file.file().force());
    disk.forceFolder(folder);
  }

  /**
   * Leaves it to other processes, or no longer: while it is left, closing it does not remove it.
   */
  public void leave(boolean toOthers) {
    left = toOthers;
  }

  /**
   * A new state.
   *
   * @param tally what it has beside its vectors
   */
  public StateFile newState(Tally tally) {
    return keep(Version.STATE, StateFile.toWrite(disk, folder.resolve(Version.STATE), spec, tally));
  }

  /**
   * Reads a new state that an administrator sends. Where it has more than vectors, that shifts all
   * that follows, and may come last: the values go to another file first.
   */
  public void readState(InputStream in) {
    if (spec.optimizer().modules().stream().allMatch(it -> StateEntry.isFixed(it.state()))) {
      StateFile state = newState(StateFile.none(spec));
      if (StateBody.read(in, spec, state.values()) == null) {
        state.writeInitial();
      }
      return;
    }
    Path path = folder.resolve(SCRATCH);
    try (StateFile values = StateFile.scratch(disk, path, spec)) {
      Tally tally = StateBody.read(in, spec, values.values());
      if (tally == null) {
        initialState();
      } else {
        newState(tally).copy(values);
        clients = tally.clients();
      }
    }
    disk.delete(path);
  }

  /** Copies the weights of a version. */
  public void copyWeights(Version from) {
    if (from.folder() == null) {
      newWeights();
    } else if (from.isBare()) {
      copyValues(from);
    } else {
      copy(from, Version.WEIGHTS);
      copiedDigest = from.info().digest();
    }
  }

  /** Copies the values of weights that a release before 0.2 wrote, whose file has another head. */
  private void copyValues(Version from) {
    VectorFile weights = newWeights();
    try (VersionBytes values = from.weightBytes()) {
      var buffer = ByteBuffer.allocate(COPIED);
      for (long at = 0; at < values.length(); at += buffer.limit()) {
        buffer.clear().limit((int) Math.min(COPIED, values.length() - at));
        values.read(at, buffer);
        weights.write(at, buffer.flip());
      }
    }
    if (!weights.digest().equals(from.info().digest())) {
      throw new CorruptionException(
          folder.resolve(Version.WEIGHTS), from.info().digest(), weights.digest());
    }
  }

  /** Copies the state of a version. */
  public void copyState(Version from) {
    if (from.folder() == null) {
      initialState();
    } else {
      copy(from, Version.STATE);
    }
  }

  private void copy(Version from, String file) {
    if (disk.exists(folder.resolve(file))) { // of a process that did not come to its end
      disk.delete(folder.resolve(file));
    }
    copied.put(file, from.copy(file, folder));
  }

  /** Keeps what this version carries along, of a private model. */
  public void keep(@Nullable Standing carried) {
    standing = carried;
  }

  /** Keeps of which round each client's control is, of a model with SCAFFOLD. */
  public void keep(@Nullable ControlRounds known) {
    controls = known;
  }

  /** The clients that a state has which was {@link #readState read}. */
  public List<String> clients() {
    return clients;
  }

  /** Writes the state before the first step. */
  public void initialState() {
    newState(StateFile.none(spec)).writeInitial();
  }

  /** The digest of the weights as they are now. */
  public String weightsDigest() {
    if (files.get(Version.WEIGHTS) instanceof VectorFile weights) {
      return weights.digest();
    }
    if (copiedDigest != null) {
      return copiedDigest;
    }
    try (VectorFile weights = VectorFile.toRead(disk, folder.resolve(Version.WEIGHTS), spec)) {
      return weights.digest();
    }
  }

  /** Writes the version's document and makes everything durable but the folder's final name. */
  void seal(VersionInfo info, @Nullable RoundRecord round) {
    if (spec.hasControls() != (controls != null)) {
      throw new IllegalStateException("a version of a model with SCAFFOLD has controls");
    }
    sums = new TreeMap<>();
    if (standing != null) {
      LedgerFile.write(disk, folder, standing);
    } else if (spec.isPrivate()) {
      throw new IllegalStateException("a version of a private model without a ledger");
    }
    for (String name :
        List.of(VersionFiles.GRADIENT, LedgerFile.NAME, Version.STATE, Version.WEIGHTS)) {
      if (!disk.exists(folder.resolve(name))) {
        continue;
      }
      DraftFile written = files.get(name);
      if (written != null) {
        sums.put(name, sealed(written.file(), written.crc()));
      } else {
        FileSum known = copied.get(name);
        try (var file = RandomFile.toWrite(disk, folder.resolve(name))) {
          sums.put(name, sealed(file, known == null ? null : known.crc()));
        }
      }
    }
    ObjectNode document = VersionDocument.write(model, info, controls, sums, round);
    disk.writeForced(folder.resolve(VersionFiles.DOCUMENT), CheckedLine.encode(document));
    disk.forceFolder(folder);
  }

  private static FileSum sealed(RandomFile file, @Nullable Integer crc) {
    file.force();
    return new FileSum(file.size(), crc != null ? crc : file.crc(0));
  }

  /** Gives the folder its final name: the version exists from here on. */
  Version commit(Path target, VersionInfo info) {
    disk.rename(folder, target);
    left = true;
    return Version.written(disk, target, spec, info, sums, controls);
  }

  @Override
  public void close() {
    files.values().forEach(DraftFile::close);
    if (between != null) {
      between.remove();
    }
    if (!left) {
      disk.delete(folder);
    }
  }
}
