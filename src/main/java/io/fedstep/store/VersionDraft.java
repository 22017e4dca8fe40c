package io.fedstep.store;

import io.fedstep.codec.CheckedLine;
import io.fedstep.codec.Crc32c;
import io.fedstep.codec.RecordCodec;
import io.fedstep.model.ModelSpec;
import io.fedstep.round.RoundRecord;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** A version that is being written, in a folder that nobody reads; committed or removed. */
public final class VersionDraft implements AutoCloseable {
  private final Path folder;
  private final ModelSpec spec;
  private final String model;
  private boolean committed;

  VersionDraft(Path folder, ModelSpec spec, String model) {
    this.folder = folder;
    this.spec = spec;
    this.model = model;
    Disk.createFolder(folder);
  }

  /** New weights: zeros until they are written. */
  public VectorFile newWeights() {
    return VectorFile.toWrite(folder.resolve(Version.WEIGHTS), spec);
  }

  /** A new gradient: zeros until it is written. */
  public VectorFile newGradient() {
    return VectorFile.toWrite(folder.resolve(Version.GRADIENT), spec);
  }

  /** A new state. */
  public StateFile newState() {
    return StateFile.toWrite(folder.resolve(Version.STATE), spec);
  }

  /** Takes the weights of a version. */
  public void copyWeights(Version from) {
    if (from.folder() == null) {
      newWeights().close();
    } else {
      from.copy(Version.WEIGHTS, folder);
    }
  }

  /** Takes the state of a version. */
  public void copyState(Version from) {
    if (from.folder() == null) {
      initialState();
    } else {
      from.copy(Version.STATE, folder);
    }
  }

  /** Writes the state before the first step. */
  public void initialState() {
    try (StateFile state = newState()) {
      state.writeInitial();
    }
  }

  /** The digest of the weights as they are now. */
  public String weightsDigest() {
    try (VectorFile weights = VectorFile.toRead(folder.resolve(Version.WEIGHTS), spec)) {
      return weights.digest();
    }
  }

  /** Writes the version's document and makes everything durable but the folder's final name. */
  void seal(VersionInfo info, @Nullable RoundRecord round) {
    ObjectNode document = Version.document(info);
    ObjectNode files = document.putObject("files");
    for (String name : Disk.names(folder)) {
      try (var file = RandomFile.toWrite(folder.resolve(name))) {
        file.force();
        files.putObject(name).put("bytes", file.size()).put("crc32c", Crc32c.hex(file.crc(0)));
      }
    }
    if (round != null) {
      document.set("round", RecordCodec.write(model, round));
    }
    Disk.writeForced(folder.resolve(Version.DOCUMENT), CheckedLine.encode(document));
    Disk.forceFolder(folder);
  }

  /** Gives the folder its final name: the version exists from here on. */
  Version commit(Path target, VersionInfo info) {
    Disk.rename(folder, target);
    committed = true;
    return Version.written(target, spec, info);
  }

  @Override
  public void close() {
    if (!committed) {
      Disk.delete(folder);
    }
  }
}
