package io.fedstep.store;

import io.fedstep.codec.Crc32c;
import io.fedstep.codec.JoinedCrc32c;
import io.fedstep.codec.StateDocument;
import io.fedstep.codec.StateValues;
import io.fedstep.model.ModelSpec;
import io.fedstep.optim.OptiModule;
import io.fedstep.optim.Optimizer;
import io.fedstep.optim.ScaffoldServer;
import io.fedstep.optim.Tally;
import io.fedstep.vector.Range;
import io.fedstep.vector.Stretch;
import io.fedstep.vector.Tile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** An optimizer state on disk, read and written by coordinates; declearn's document as it is. */
public final class StateFile implements DraftFile {
  private final ModelSpec spec;
  private final StateDocument document;
  private final @Nullable RandomFile file;
  private final byte[] initial;
  private volatile JoinedCrc32c written = new JoinedCrc32c();
  private volatile JoinedCrc32c read = new JoinedCrc32c();

  private StateFile(ModelSpec spec, @Nullable RandomFile file, StateDocument document) {
    this.spec = spec;
    this.file = file;
    this.document = document;
    initial = StateDocument.initial(spec.optimizer().modules());
  }

  /** No steps of any module, and no clients. */
  static Tally none(ModelSpec spec) {
    return Tally.none(spec.optimizer().modules());
  }

  /** The state before the first step of a model that has no file for it. */
  static StateFile initial(ModelSpec spec) {
    return new StateFile(spec, null, new StateDocument(spec, none(spec)));
  }

  static StateFile toRead(Disk disk, Path path, ModelSpec spec) {
    RandomFile file = RandomFile.toRead(disk, path);
    var before = new StateFile(spec, file, new StateDocument(spec, none(spec)));
    if (before.isInitial()) {
      before.read.add(0, before.initial.length, Crc32c.of(before.initial));
      return before;
    }
    StateDocument document = StateDocument.in(file::read, file.size(), spec);
    var state = new StateFile(spec, file, document);
    if (file.size() != document.length() || !document.matchesText(state::read)) {
      throw new CorruptionException(
          path,
          "a state of %s bytes for the model's modules and tensors".formatted(document.length()),
          "another document of %s bytes".formatted(file.size()));
    }
    return state;
  }

  /**
   * A new file, in which every vector is zeros until it is written.
   *
   * @param tally what it has beside the vectors
   */
  static StateFile toWrite(Disk disk, Path path, ModelSpec spec, Tally tally) {
    return toWrite(disk, path, spec, new StateDocument(spec, tally));
  }

  /** A new file with a place for every vector there may be, to be {@link #copy copied}. */
  static StateFile scratch(Disk disk, Path path, ModelSpec spec) {
    return toWrite(disk, path, spec, StateDocument.full(spec));
  }

  private static StateFile toWrite(Disk disk, Path path, ModelSpec spec, StateDocument document) {
    RandomFile file = RandomFile.toWrite(disk, path);
    var state = new StateFile(spec, file, document);
    if (file.size() > state.document.length()) { // of more digits and clients, to be written over
      file.truncate(state.document.length());
    }
    state.document.writeText(state::write);
    return state;
  }

  /** What it has beside its vectors. */
  public Tally tally() {
    return isInitial() ? none(spec) : document.tally();
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

  private void read(long offset, ByteBuffer into) {
    ByteBuffer found = into.slice();
    file().read(offset, into);
    read.add(offset, found.remaining(), Crc32c.of(found));
  }

  /** The checksums of the bytes read since the last call, the text around the values included. */
  public List<JoinedCrc32c.Piece> drainRead() {
    List<JoinedCrc32c.Piece> pieces = read.pieces();
    read = new JoinedCrc32c();
    return pieces;
  }

  @Override
  public JoinedCrc32c written() {
    return written;
  }

  /** Forgets the checksums of what was written so far. */
  public void beginAgain() {
    written = new JoinedCrc32c();
  }

  @Override
  public @Nullable Integer crc() {
    return written.of(file().size());
  }

  /** Makes this new file the state before the first step. */
  public void writeInitial() {
    file().truncate(0);
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
    private final StateValues toRead = new StateValues(document, StateFile.this::read);
    private final StateValues toWrite = values();
    private final boolean isInitial = isInitial();
    private final Tile buffer = tile();

    /**
     * Reads one range of the vectors of a pass's modules; zeros if no step was taken, and of plain
     * tensors.
     *
     * @param modules of every module
     */
    public void read(Range range, Optimizer.Pass pass, List<List<Tile>> modules) {
      List<Stretch> stretches = spec.layout().stretches(range);
      int vector = before(pass, modules);
      for (List<Tile> tiles : modules.subList(pass.from(), pass.end())) {
        for (Tile tile : tiles) {
          if (isInitial) {
            tile.clear();
          } else {
            read(vector++, stretches, tile);
          }
        }
      }
    }

    private void read(int vector, List<Stretch> stretches, Tile tile) {
      for (Stretch part : stretches) {
        if (part.isPlain()) {
          tile.clear(part.at(), part.end());
          continue;
        }
        boolean whole = part.length() == tile.length();
        Tile values = whole ? tile : buffer.first(part.length());
        if (!toRead.read(vector, new Range(part.stepped(), part.length()), values)) {
          throw new CorruptionException(file().path(), "hex digits", "other characters");
        }
        if (!whole) {
          tile.put(part.at(), values);
        }
      }
    }

    /** Writes one range of the vectors of a pass's modules, but for plain tensors. */
    public void write(Range range, Optimizer.Pass pass, List<List<Tile>> modules) {
      List<Stretch> stretches = spec.layout().stretches(range);
      int vector = before(pass, modules);
      for (List<Tile> tiles : modules.subList(pass.from(), pass.end())) {
        for (Tile tile : tiles) {
          write(vector++, stretches, tile);
        }
      }
    }

    private void write(int vector, List<Stretch> stretches, Tile tile) {
      for (Stretch part : stretches) {
        if (part.isPlain()) {
          continue;
        }
        Tile values = tile;
        if (part.length() < tile.length()) {
          values = buffer.first(part.length());
          values.put(0, tile, part.at(), part.length());
        }
        toWrite.write(vector, new Range(part.stepped(), part.length()), values);
      }
    }

    private static int before(Optimizer.Pass pass, List<List<Tile>> modules) {
      return modules.subList(0, pass.from()).stream().mapToInt(List::size).sum();
    }
  }

  private Tile tile() {
    return Tile.zeros(spec.dtype(), (int) Math.min(Range.TILE, spec.parameters()));
  }

  /** Reads ranges of the sum of clients' controls, for one thread; what it reads was verified. */
  BiConsumer<Range, Tile> controls() {
    List<OptiModule> modules = spec.optimizer().modules();
    int place = modules.indexOf(ScaffoldServer.DEFAULT);
    int vector = modules.subList(0, place).stream().mapToInt(OptiModule::vectors).sum();
    var values = new StateValues(document, (at, into) -> file().read(at, into));
    return (range, into) -> {
      if (!values.read(vector, range, into)) {
        throw new CorruptionException(file().path(), "hex digits", "other characters");
      }
    };
  }

  /** Copies the values of another file of the same modules. */
  void copy(StateFile other) {
    Tile tile = tile();
    long size = spec.layout().stepped().size();
    var from = new StateValues(other.document, (at, into) -> other.file().read(at, into));
    StateValues to = values();
    for (int vector = 0; vector < document.vectors(); vector++) {
      if (!document.has(vector)) {
        continue;
      }
      for (long i = 0; i < Range.tiles(size); i++) {
        Range range = Range.tile(i, size);
        Tile part = tile.first(range.length());
        if (!from.read(vector, range, part)) {
          throw new CorruptionException(other.file().path(), "hex digits", "other characters");
        }
        to.write(vector, range, part);
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
