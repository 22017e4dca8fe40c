package io.fedstep.codec;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.fedstep.model.ModelSpec;
import io.fedstep.optim.Tally;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Range;
import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A tile of float32 values in and out of its wire forms; the state document is in memory. */
@State(Scope.Benchmark)
public class CodecBenchmark {
  private static final int BYTES = 4 * Range.TILE;

  private final ModelSpec spec = Specs.sized(Dtype.FLOAT32, Range.TILE);
  private final StateDocument document =
      new StateDocument(spec, Tally.none(spec.optimizer().modules()));
  private final Buffer file = new Buffer(document.length());
  private final StateValues values = new StateValues(document, file::write);
  private final StateValues stored = new StateValues(document, file::read);
  private final Range range = new Range(0, Range.TILE);
  private final FloatTile tile = new FloatTile(new float[Range.TILE], Range.TILE);
  private final byte[] bytes = new byte[BYTES];
  private final byte[] digits = new byte[2 * BYTES];
  private byte[] json = {};

  /** Draws the values. */
  @Setup
  public void draw() {
    var random = new SplittableRandom(1);
    for (int i = 0; i < Range.TILE; i++) {
      tile.values()[i] = (float) random.nextGaussian();
    }
    random.nextBytes(bytes);
    Hex.encode(bytes, 0, BYTES, digits);
    document.writeText(file::write);
    values.write(0, range, tile);
    json =
        IntStream.range(0, Range.TILE)
            .mapToObj(i -> "" + (double) tile.values()[i]) // as Python writes them
            .collect(Collectors.joining(", ", "{\"gradient\": [", "]}"))
            .getBytes(US_ASCII);
  }

  /** The checksum. */
  @Benchmark
  @OperationsPerInvocation(Range.TILE)
  public int crc32c() {
    return Crc32c.of(ByteBuffer.wrap(bytes));
  }

  /** Bytes to hex. */
  @Benchmark
  @OperationsPerInvocation(Range.TILE)
  public byte[] hexEncode() {
    Hex.encode(bytes, 0, BYTES, digits);
    return digits;
  }

  /** Hex to bytes. */
  @Benchmark
  @OperationsPerInvocation(Range.TILE)
  public boolean hexDecode() {
    return Hex.decode(digits, 0, BYTES, bytes, 0);
  }

  /** Values into the state document. */
  @Benchmark
  @OperationsPerInvocation(Range.TILE)
  public byte[] stateWrite() {
    values.write(0, range, tile);
    return file.bytes();
  }

  /** Values out of the state document. */
  @Benchmark
  @OperationsPerInvocation(Range.TILE)
  public boolean stateRead() {
    return stored.read(0, range, tile);
  }

  /** A body of JSON, checked, with its checksum and norm. */
  @Benchmark
  @OperationsPerInvocation(Range.TILE)
  public Object jsonUpdate() {
    try (var intake = new VectorIntake(spec.layout(), spec.dtype(), (offset, piece) -> {})) {
      JsonBody.readUpdate(new ByteArrayInputStream(json), intake, new UpdateMetadataBuilder());
      return intake.finish();
    }
  }
}
