package io.fedstep.store;

import io.fedstep.codec.Crc32c;
import io.fedstep.codec.JoinedCrc32c;
import io.fedstep.codec.Safetensors;
import io.fedstep.codec.VectorSink;
import io.fedstep.codec.VectorSource;
import io.fedstep.model.ModelSpec;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** A safetensors file whose flat vector is read and written by coordinates. */
public final class VectorFile implements VectorSource, VectorSink, DraftFile {
  private final RandomFile file;
  private final byte[] head;
  private final ModelSpec spec;
  private volatile JoinedCrc32c written = new JoinedCrc32c();
  private volatile JoinedCrc32c read = new JoinedCrc32c();

  private VectorFile(RandomFile file, ModelSpec spec, byte[] head) {
    this.file = file;
    this.spec = spec;
    this.head = head;
  }

  static VectorFile toRead(Disk disk, Path path, ModelSpec spec) {
    RandomFile file = RandomFile.toRead(disk, path);
    return new VectorFile(file, spec, head(file, spec));
  }

  private static byte[] head(RandomFile file, ModelSpec spec) {
    return isBare(file.size(), spec) ? Safetensors.bareHead(spec) : Safetensors.head(spec);
  }

  /** Whether a file of that size is of a release before 0.2: its head is shorter. */
  static boolean isBare(long size, ModelSpec spec) {
    return size == Safetensors.bareHead(spec).length + spec.vectorBytes();
  }

  /** A new file of zeros. */
  static VectorFile toWrite(Disk disk, Path path, ModelSpec spec) {
    VectorFile vector = toShare(disk, path, spec);
    long last = vector.head.length + spec.vectorBytes() - 1;
    vector.file.write(last, ByteBuffer.allocate(1)); // what is never written reads as zeros
    return vector;
  }

  /** A file of which others may have written values. */
  static VectorFile toShare(Disk disk, Path path, ModelSpec spec) {
    var vector = new VectorFile(RandomFile.toWrite(disk, path), spec, Safetensors.head(spec));
    vector.file.write(0, ByteBuffer.wrap(vector.head));
    return vector;
  }

  /** A buffer for a thread that reads or writes tile after tile. */
  public static ByteBuffer buffer(ModelSpec spec) {
    int length = (int) Math.min(Range.TILE, spec.parameters());
    return ByteBuffer.allocateDirect(length * spec.dtype().bytes());
  }

  @Override
  public void read(long index, Tile into) {
    var buffer = ByteBuffer.allocate(into.length() * spec.dtype().bytes());
    file.read(head.length + index * spec.dtype().bytes(), buffer);
    into.read(MemorySegment.ofBuffer(buffer.clear()), 0);
  }

  /** Reads a tile's values from {@code index} on, by way of a buffer, and notes their checksum. */
  public void read(long index, Tile into, ByteBuffer buffer) {
    long offset = index * spec.dtype().bytes();
    int length = into.length() * spec.dtype().bytes();
    file.read(head.length + offset, buffer.clear().limit(length));
    read.add(offset, length, Crc32c.of(buffer.flip()));
    into.read(MemorySegment.ofBuffer(buffer.clear()), 0);
  }

  @Override
  public void write(long offset, ByteBuffer bytes) {
    written.add(offset, bytes.remaining(), Crc32c.of(bytes));
    file.write(head.length + offset, bytes);
  }

  /** Writes a tile's values from {@code index} on, by way of a buffer. */
  public void write(long index, Tile values, ByteBuffer buffer) {
    int width = spec.dtype().bytes();
    values.write(MemorySegment.ofBuffer(buffer.clear()), 0);
    write(index * width, buffer.limit(values.length() * width));
  }

  /** Writes a tile's values, whose checksum the caller keeps. */
  public void lend(long index, Tile values, ByteBuffer buffer) {
    int width = spec.dtype().bytes();
    values.write(MemorySegment.ofBuffer(buffer.clear()), 0);
    file.write(head.length + index * width, buffer.limit(values.length() * width));
  }

  /** The checksums of the values read through buffers since the last call. */
  public List<JoinedCrc32c.Piece> drainRead() {
    List<JoinedCrc32c.Piece> pieces = read.pieces();
    read = new JoinedCrc32c();
    return pieces;
  }

  /** Compares the checksums of what was read with the known ones. */
  public void check(List<JoinedCrc32c.Piece> known, List<JoinedCrc32c.Piece> found) {
    if (!known.equals(found)) {
      throw new CorruptionException(file.path(), sums(known), sums(found));
    }
  }

  private static String sums(List<JoinedCrc32c.Piece> pieces) {
    return pieces.stream()
        .map(piece ->
            "crc32c %s of %s bytes from %s on"
                .formatted(Crc32c.hex(piece.crc()), piece.length(), piece.offset()))
        .collect(Collectors.joining(", "));
  }

  /** Forgets the checksums of what was written, since all of it is written again. */
  public void beginAgain() {
    written = new JoinedCrc32c();
  }

  @Override
  public JoinedCrc32c written() {
    return written;
  }

  private int vectorCrc() {
    Integer whole = written.of(spec.vectorBytes());
    return whole != null ? whole : file.crc(head.length);
  }

  /** The digest of the flat vector. */
  String digest() {
    return Crc32c.digest(vectorCrc());
  }

  @Override
  public Integer crc() {
    return Crc32c.concat(Crc32c.of(head), vectorCrc(), spec.vectorBytes());
  }

  @Override
  public RandomFile file() {
    return file;
  }

  /** Closes it for good, and removes it. */
  void remove() {
    file.remove();
  }

  @Override
  public void close() {
    file.close();
  }
}
