package io.fedstep.store;

import io.fedstep.codec.Crc32c;
import io.fedstep.codec.JoinedCrc32c;
import io.fedstep.codec.StateDocument;
import io.fedstep.codec.StateValues;
import io.fedstep.model.ModelSpec;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An optimizer state on disk, read and written by coordinates; declearn's document as it is. */
public final class StateFile implements DraftFile {
  private final StateDocument document;
  private final @Nullable RandomFile file;
  private final byte[] initial;
  private volatile JoinedCrc32c written = new JoinedCrc32c();

  private StateFile(ModelSpec spec, @Nullable RandomFile file) {
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
      if (size != state.document.length() || !state.document.matchesText(state.file::read)) {
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
    state.document.writeText(state::write);
    return state;
  }

  @Override
  public RandomFile file() {
    if (file == null) {
      throw new IllegalStateException("there is no file for the initial state");
    }
    return file;
  }

  private void write(long offset, ByteBuffer bytes) {
    written.add(offset, bytes.remaining(), Crc32c.of(bytes));
    file().write(offset, bytes);
  }

  @Override
  public @Nullable Integer crc() {
    return written.of(file().size());
  }

  /** Makes this new file the state before the first step. */
  public void writeInitial() {
    Disk.truncate(file().path(), file().channel(), 0);
    written = new JoinedCrc32c();
    write(0, ByteBuffer.wrap(initial));
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

  /** The values of this new file, to be written by one thread. */
  public StateValues values() {
    return new StateValues(document, this::write);
  }

  /** Every module's vectors by ranges, for one thread. */
  public Slices slices() {
    return new Slices();
  }

  /** Every module's vectors by ranges; it has buffers, for one thread. */
  public final class Slices {
    private final StateValues toRead =
        new StateValues(document, (at, into) -> file().read(at, into));
    private final StateValues toWrite = values();
    private final boolean isInitial = isInitial();

    /** Reads one range of the vectors, in the modules' order; zeros if no step was taken. */
    public void read(Range range, List<List<Tile>> into) {
      int vector = 0;
      for (List<Tile> tiles : into) {
        for (Tile tile : tiles) {
          if (isInitial) {
            tile.clear();
          } else if (!toRead.read(vector++, range, tile)) {
            throw new CorruptionException(file().path(), "hex digits", "other characters");
          }
        }
      }
    }

    /** Writes one range of the vectors. */
    public void write(Range range, List<List<Tile>> modules) {
      int vector = 0;
      for (List<Tile> tiles : modules) {
        for (Tile tile : tiles) {
          toWrite.write(vector++, range, tile);
        }
      }
    }
  }

  @Override
  public void close() {
    if (file != null) {
      file.close();
    }
  }
}
