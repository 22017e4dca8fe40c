package io.fedstep.codec;

import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import io.fedstep.round.Transfer;
import io.fedstep.round.VectorSummary;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.Range;
import io.fedstep.vector.Squares;
import io.fedstep.vector.Tensor;
import io.fedstep.vector.TensorLayout;
import io.fedstep.vector.Tile;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import org.jspecify.annotations.Nullable;

/**
 * A vector on its way in: a tile at a time, each checked finite, counted into the norm and the
 * checksum, and written to its place. Memory: two tiles, of which that with the bytes lies off the
 * heap if it is large, since it is then written without another copy; until it is closed.
 */
public final class VectorIntake implements AutoCloseable {
  /** Below, copying costs less than memory off the heap. */
  private static final int LARGE = 64 * 1024;

  /** The size of a piece in which surplus bytes are read and dropped. */
  private static final int DROPPED = 16 * 1024;

  private final TensorLayout layout;
  private final Dtype dtype;
  private final VectorSink sink;
  private final Tile tile;
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment segment;
  private final ByteBuffer bytes;
  private final JoinedCrc32c crc = new JoinedCrc32c();
  private final boolean isUpdate;
  private final boolean isPartial;
  private final boolean needsAll;
  private double squares;
  private @Nullable String encoding;
  private Runnable whenEncoded = () -> {};
  private int leftOut;

  /** An intake for one vector of a model, which comes whole and as it is. */
  public VectorIntake(TensorLayout layout, Dtype dtype, VectorSink sink) {
    this(layout, dtype, sink, false, false, false);
  }

  /**
   * An intake for an update, which may be encoded.
   *
   * @param isPartial whether tensors may be left out
   */
  public static VectorIntake ofUpdate(ModelSpec spec, VectorSink sink, boolean isPartial) {
    return new VectorIntake(spec.layout(), spec.dtype(), sink, true, isPartial, spec.hasControls());
  }

  private VectorIntake(
      TensorLayout layout,
      Dtype dtype,
      VectorSink sink,
      boolean isUpdate,
      boolean isPartial,
      boolean needsAll) {
    this.isUpdate = isUpdate;
    this.isPartial = isPartial;
    this.needsAll = needsAll;
    this.layout = layout;
    this.dtype = dtype;
    this.sink = sink;
    tile = Tile.zeros(dtype, (int) Math.min(Range.TILE, layout.size()));
    int length = tile.length() * dtype.bytes();
    segment = length < LARGE ? MemorySegment.ofArray(new byte[length]) : arena.allocate(length);
    bytes = segment.asByteBuffer();
  }

  /** The layout of the model. */
  TensorLayout layout() {
    return layout;
  }

  /** The number format of the model. */
  Dtype dtype() {
    return dtype;
  }

  /** Whether tensors may be left out. */
  public boolean isPartial() {
    return isPartial;
  }

  /** Whether none is left out even so: with SCAFFOLD a zero would say that it was trained. */
  boolean needsAll() {
    return needsAll;
  }

  /** Has something done once it is known that tensors are encoded: decoding takes its time. */
  public void whenEncoded(Runnable then) {
    whenEncoded = then;
  }

  /** Notes how tensors are encoded; refused where that is no update. */
  void encodedAs(String label) {
    if (!isUpdate) {
      throw Refusal.of(
              Problem.UNSUPPORTED_FORMAT,
              "The body is encoded as %s; only updates may be.".formatted(label))
          .exception();
    }
    if (needsAll && label.equals(TopK.NAME)) {
      throw Refusal.of(
              Problem.UNSUPPORTED_FORMAT,
              "The body is encoded as %s, which leaves values out; with scaffold-server all count."
                  .formatted(label))
          .exception();
    }
    encoding = label;
    whenEncoded.run();
  }

  /** Takes zeros for a tensor that was left out. */
  void leaveOut(Tensor tensor) {
    leftOut++;
    for (long done = 0; done < tensor.size(); done += tile.length()) {
      int some = (int) Math.min(tile.length(), tensor.size() - done);
      tile.first(some).clear();
      put(tensor.offset() + done, some);
    }
  }

  /** The tile to fill for {@link #put(long, int)}. */
  Tile tile() {
    return tile;
  }

  /**
   * Reads the flat vector as it is: little-endian values in the model's dtype; a stream that is a
   * channel, too, as that.
   */
  public void readOctets(InputStream in) throws IOException {
    ReadableByteChannel from =
        in instanceof ReadableByteChannel channel ? channel : Channels.newChannel(in);
    long index = 0;
    long expected = layout.size() * dtype.bytes();
    while (index < layout.size()) {
      int length = (int) Math.min(tile.length(), layout.size() - index) * dtype.bytes();
      bytes.clear().limit(length);
      while (bytes.hasRemaining()) {
        if (from.read(bytes) < 0) {
          throw wrongLength(expected, index * dtype.bytes() + bytes.position());
        }
      }
      putBytes(index, length);
      index += length / dtype.bytes();
    }
    if (in.read() >= 0) {
      throw wrongLength(expected, expected + 1 + drain(in));
    }
  }

  private long drain(InputStream in) throws IOException {
    long more = 0;
    byte[] forgotten = new byte[DROPPED];
    for (int read = in.read(forgotten); read >= 0; read = in.read(forgotten)) {
      more += read;
    }
    return more;
  }

  /** The refusal of a body of another length; the server counts what it was sent. */
  public static RefusedException wrongLength(long expected, long actual) {
    return Refusal.of(
            Problem.WRONG_LENGTH,
            "The vector has %s bytes, but %s came.".formatted(expected, actual))
        .with("expected", expected)
        .with("actual", actual)
        .exception();
  }

  /** Takes the first {@code length} bytes of the given ones as values from {@code index} on. */
  void put(long index, byte[] given, int length) {
    bytes.clear().put(0, given, 0, length);
    putBytes(index, length);
  }

  private void putBytes(long index, int length) {
    Tile values = tile.first(length / dtype.bytes());
    values.read(segment, 0);
    check(index, values);
    write(index, length);
  }

  /** Takes the first {@code count} values of {@link #tile()} as those from {@code index} on. */
  void put(long index, int count) {
    Tile values = tile.first(count);
    check(index, values);
    values.write(segment, 0);
    write(index, count * dtype.bytes());
  }

  private void check(long index, Tile values) {
    double part = values.squares();
    int wrong = Double.isFinite(part) ? -1 : values.firstNotFinite();
    if (wrong >= 0) {
      throw notFinite(index + wrong, values.get(wrong));
    }
    squares = Squares.add(squares, part);
  }

  private RefusedException notFinite(long index, double value) {
    Tensor tensor = layout.at(index);
    return Refusal.of(
            Problem.NOT_FINITE,
            "The value %s of tensor '%s' is %s in %s (index %s of the flat vector)."
                .formatted(index - tensor.offset(), tensor.name(), value, dtype.label(), index))
        .with("tensor", tensor.name())
        .with("index", index)
        .exception();
  }

  private void write(long index, int length) {
    ByteBuffer chunk = bytes.clear().limit(length);
    long offset = index * dtype.bytes();
    crc.add(offset, length, Crc32c.of(chunk));
    sink.write(offset, chunk);
  }

  @Override
  public void close() {
    arena.close();
  }

  /** Checksum and norm of the vector, once all its values are written. */
  public VectorSummary finish() {
    Integer whole = crc.of(layout.size() * dtype.bytes());
    if (whole == null) {
      throw new IllegalStateException("values are missing");
    }
    // a norm beyond double counts as the largest, which JSON can say
    return new VectorSummary(
        Crc32c.digest(whole),
        Math.min(Squares.norm(squares), Double.MAX_VALUE),
        new Transfer(encoding, leftOut, null));
  }
}
