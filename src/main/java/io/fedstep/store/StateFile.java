package io.fedstep.store;

import io.fedstep.codec.StateDocument;
import io.fedstep.model.ModelSpec;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tile;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An optimizer state on disk, read and written by coordinates; declearn's document as it is. */
public final class StateFile implements AutoCloseable {
  private final ModelSpec spec;
  private final StateDocument document;
  private final @Nullable RandomFile file;
  private final byte[] initial;

  private StateFile(ModelSpec spec, @Nullable RandomFile file) {
    this.spec = spec;
    this.file = file;
    document = new StateDocument(spec);
    initial = StateDocument.initial(spec.optimizer().modules());
  }

  /** The state before the first step of a model that has no file for it. */
  static StateFile initial(ModelSpec spec) {
    return new StateFile(spec, null);
  }

  static StateFile toRead(Path path, ModelSpec spec) {
    var state = new StateFile(spec, RandomFile.toRead(path));
    if (!state.isInitial() && state.file != null) {
      long size = state.file.size();
      if (size != state.document.length() || !state.document.matchesText(state.file.reading())) {
        throw new CorruptionException(
            path,
            "a state of %d bytes for the model's modules and tensors"
                .formatted(state.document.length()),
            "another document of %d bytes".formatted(size));
      }
    }
    return state;
  }

  /** A new file, in which every vector is zeros until it is written. */
  static StateFile toWrite(Path path, ModelSpec spec) {
    var state = new StateFile(spec, RandomFile.toWrite(path));
    if (state.file != null) {
      state.document.writeText(state.file.writing());
    }
    return state;
  }

  private RandomFile file() {
    if (file == null) {
      throw new IllegalStateException("there is no file for the initial state");
    }
    return file;
  }

  /** Makes this new file the state before the first step. */
  public void writeInitial() {
    Disk.truncate(file().path(), file().channel(), 0);
    file().write(0, ByteBuffer.wrap(initial));
  }

  /** Whether no module has taken a step. */
  public boolean isInitial() {
    if (file == null) {
      return true;
    }
    if (file.size() != initial.length) {
      return false;
    }
    var found = ByteBuffer.allocate(initial.length);
    file.read(0, found);
    return found.flip().equals(ByteBuffer.wrap(initial));
  }

  /** The document's layout. */
  public StateDocument document() {
    return document;
  }

  /** The document's bytes, to be written. */
  public StateDocument.Access writing() {
    return file().writing();
  }

  /** Reads one range of every module's vectors, in the modules' order; zeros if initial. */
  public List<List<Tile>> read(Range range, boolean isInitial) {
    var modules = new ArrayList<List<Tile>>();
    int vector = 0;
    for (var module : spec.optimizer().modules()) {
      var tiles = new ArrayList<Tile>();
      for (int i = 0; i < module.stateKeys().size(); i++, vector++) {
        Tile tile = Tile.zeros(spec.dtype(), range.length());
        if (!isInitial && !document.read(file().reading(), vector, range, tile)) {
          throw new CorruptionException(file().path(), "hex digits", "other characters");
        }
        tiles.add(tile);
      }
      modules.add(tiles);
    }
    return modules;
  }

  /** Writes one range of every module's vectors. */
  public void write(Range range, List<List<Tile>> modules) {
    int vector = 0;
    for (List<Tile> tiles : modules) {
      for (Tile tile : tiles) {
        document.write(file().writing(), vector++, range, tile);
      }
    }
  }

  /** The length of the document in bytes. */
  public long size() {
    return file == null ? initial.length : file.size();
  }

  /** Sends the document. */
  public void transferTo(OutputStream out) throws IOException {
    if (file == null) {
      out.write(initial);
      return;
    }
    byte[] bytes = new byte[64 * 1024];
    long size = file.size();
    for (long sent = 0; sent < size; ) {
      int length = (int) Math.min(bytes.length, size - sent);
      file.read(sent, ByteBuffer.wrap(bytes, 0, length));
      out.write(bytes, 0, length);
      sent += length;
    }
  }

  @Override
  public void close() {
    if (file != null) {
      file.close();
    }
  }
}
