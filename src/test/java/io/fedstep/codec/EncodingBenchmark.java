package io.fedstep.codec;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fedstep.model.ModelSpec;
import io.fedstep.thin.EdenBlock;
import io.fedstep.vector.Dtype;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A million float32 values from a body in memory, decoded, checked, with checksum and norm. */
@State(Scope.Benchmark)
public class EncodingBenchmark {
  private static final int SIZE = 1 << 20;

  private final ModelSpec spec = Specs.sized(Dtype.FLOAT32, SIZE);
  private byte[] body = {};

  /** How the body is encoded. */
  @Param({"plain", "int8", "eden-1", "eden-4", "top-k"})
  public String encoding = "";

  /** Draws the body. */
  @Setup
  public void draw() {
    var random = new SplittableRandom(1);
    body =
        switch (encoding) {
          case "int8" -> scaled(random, "\"int8\"", SIZE / 256, "I8", SIZE);
          case "eden-1" -> eden(random, 1);
          case "eden-4" -> eden(random, 4);
          case "top-k" -> topK(random);
          default -> {
            byte[] numbers = new byte[4 * SIZE];
            ByteBuffer values = little(numbers);
            while (values.hasRemaining()) {
              values.putFloat((float) random.nextGaussian());
            }
            yield file("", "\"t0\":" + entry("F32", SIZE, 0, 4 * SIZE), numbers);
          }
        };
  }

  private static byte[] eden(SplittableRandom random, int bits) {
    String metadata = "\"eden\",\"fedstep.bits\":\"%s\",\"fedstep.seed\":\"7\"".formatted(bits);
    return scaled(random, metadata, SIZE / EdenBlock.SIZE, "U8", SIZE / 8 * bits);
  }

  private static byte[] scaled(
      SplittableRandom random, String encoding, int scales, String dtype, int codes) {
    byte[] drawn = new byte[codes];
    random.nextBytes(drawn);
    byte[] numbers = new byte[4 * scales + codes];
    ByteBuffer values = little(numbers);
    for (int i = 0; i < scales; i++) {
      values.putFloat(random.nextFloat());
    }
    values.put(drawn);
    String entries =
        "\"t0:scale\":%s,\"t0:codes\":%s"
            .formatted(
                entry("F32", scales, 0, 4 * scales),
                entry(dtype, codes, 4 * scales, 4 * scales + codes));
    return file(encoding, entries, numbers);
  }

  private static byte[] topK(SplittableRandom random) {
    int kept = SIZE / 100;
    byte[] numbers = new byte[8 * kept];
    ByteBuffer values = little(numbers);
    for (int i = 0; i < kept; i++) {
      values.putInt(100 * i + random.nextInt(100));
    }
    while (values.hasRemaining()) {
      values.putFloat((float) random.nextGaussian());
    }
    String entries =
        "\"t0:index\":%s,\"t0:values\":%s"
            .formatted(entry("U32", kept, 0, 4 * kept), entry("F32", kept, 4 * kept, 8 * kept));
    return file("\"top-k\"", entries, numbers);
  }

  private static ByteBuffer little(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static String entry(String dtype, int count, int begin, int end) {
    return "{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%s,%s]}"
        .formatted(dtype, count, begin, end);
  }

  private static byte[] file(String encoding, String entries, byte[] numbers) {
    String metadata =
        encoding.isEmpty() ? "" : "\"__metadata__\":{\"fedstep.encoding\":%s},".formatted(encoding);
    byte[] text = ("{" + metadata + entries + "}").getBytes(UTF_8);
    byte[] whole = new byte[8 + text.length + numbers.length];
    little(whole).putLong(text.length).put(text).put(numbers);
    return whole;
  }

  /** A body into its row, which is written nowhere. */
  @Benchmark
  @OperationsPerInvocation(SIZE)
  public Object decode() throws IOException {
    try (var intake =
        VectorIntake.ofUpdate(spec, (_, piece) -> piece.position(piece.limit()), false)) {
      Safetensors.read(new ByteArrayInputStream(body), intake);
      return intake.finish();
    }
  }
}
