package io.fedstep.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.luben.zstd.Zstd;
import io.fedstep.thin.EdenBlock;
import io.fedstep.thin.Int8Block;
import io.fedstep.thin.Largest;
import io.fedstep.thin.RandomSigns;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Durable updates of 10^7 float32 from 16 clients at once, in bodies of fewer bytes: bytes of the
 * row a second, beside those of a plain body. The rounds are closed by hand, and untimed.
 */
final class Encoded implements Row {
  private static final int CLIENTS = 16;
  private static final int WARM_UPS = 3;
  private static final String SAFETENSORS = "application/x-safetensors";
  private static final String ZSTD = "application/octet-stream\r\nContent-Encoding: zstd";

  /** What is asked for, by body. */
  private static final Map<String, Line.Goal> GOALS =
      Map.of(
          "int8", new Line.Goal("", "1.0"),
          "eden-1", new Line.Goal("", "0.7"),
          "eden-4", new Line.Goal("", "0.5"),
          "top-k", new Line.Goal("", "1.0"),
          "zstd", Line.Goal.NONE);

  @Override
  public List<Line> measure(Bench bench) throws Exception {
    int size = bench.size(10_000_000, 10_000);
    var gradients = new Gradients(size);
    Map<String, ByteBuffer> bodies = bodies(gradients);
    var round = new int[1];
    try (var subject = bench.usedSubject();
        var crowd = new Crowd(subject.port(), CLIENTS)) {
      subject.create("encoded", size, CLIENTS, CLIENTS + 1);
      var turns = new Turns(bench);
      Turns.Work plain =
          turns.add(
              "plain",
              () -> {
                double seconds = crowd.update("encoded", round[0]++, CLIENTS, gradients);
                closed(subject);
                return seconds;
              });
      var works = new LinkedHashMap<String, Turns.Work>();
      bodies.forEach((name, body) ->
          works.put(
              name,
              turns.add(
                  name,
                  () -> {
                    int number = round[0]++;
                    double seconds =
                        crowd.seconds(
                            CLIENTS,
                            (connection, client) ->
                                connection
                                    .putAs(
                                        name.equals("zstd") ? ZSTD : SAFETENSORS,
                                        "/v1/models/encoded/rounds/%s/updates/c%s"
                                            .formatted(number, client),
                                        body.duplicate())
                                    .is(201));
                    closed(subject);
                    return seconds;
                  })));
      turns.take(bench.warmUps(WARM_UPS));
      long bytes = CLIENTS * gradients.length();
      Figure theirs = plain.rate(bytes, Unit.BYTES);
      var lines = new ArrayList<Line>();
      works.forEach((name, work) ->
          lines.add(
              new Line(
                  "durable ingest of rows of %s in %s, %s connections"
                      .formatted(Line.bytes(gradients.length()), name, CLIENTS),
                  work.rate(bytes, Unit.BYTES),
                  "the plain body",
                  theirs,
                  GOALS.getOrDefault(name, Line.Goal.NONE))));
      return lines;
    }
  }

  private static void closed(Subject subject) throws Exception {
    if (subject.close("encoded").required("updates").asInt() != CLIENTS) {
      throw new IllegalStateException("not all updates are in the round");
    }
  }

  private static Map<String, ByteBuffer> bodies(Gradients gradients) {
    float[] values = new float[gradients.size()];
    byte[] plain = new byte[Math.toIntExact(gradients.length())];
    ByteBuffer all = ByteBuffer.wrap(plain);
    for (ByteBuffer part : gradients.body(0)) {
      all.put(part);
    }
    ByteBuffer.wrap(plain).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    var bodies = new LinkedHashMap<String, ByteBuffer>();
    bodies.put("int8", int8(values));
    bodies.put("eden-1", eden(values, 1));
    bodies.put("eden-4", eden(values, 4));
    bodies.put("top-k", topK(values));
    bodies.put("zstd", direct(Zstd.compress(plain, 1)));
    return bodies;
  }

  private static ByteBuffer direct(byte[] bytes) {
    return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static ByteBuffer int8(float[] values) {
    int blocks = Math.ceilDiv(values.length, Int8Block.SIZE);
    ByteBuffer scales = little(4 * blocks);
    byte[] codes = new byte[values.length];
    var block = new double[Int8Block.SIZE];
    var dice = new SplittableRandom(1);
    for (int first = 0; first < values.length; first += block.length) {
      int count = Math.min(block.length, values.length - first);
      for (int i = 0; i < count; i++) {
        block[i] = values[first + i];
      }
      scales.putFloat(Int8Block.encode(block, count, dice, codes, first));
    }
    return file(
        "\"int8\"",
        entry("w:scale", "F32", blocks, 0, 4L * blocks)
            + ","
            + entry("w:codes", "I8", codes.length, 4L * blocks, 4L * blocks + codes.length),
        scales.flip(),
        ByteBuffer.wrap(codes));
  }

  private static ByteBuffer eden(float[] values, int bits) {
    int blocks = Math.ceilDiv(values.length, EdenBlock.SIZE);
    int last = values.length - (blocks - 1) * EdenBlock.SIZE;
    int padded = (blocks - 1) * EdenBlock.SIZE + EdenBlock.padded(last);
    ByteBuffer scales = little(4 * blocks);
    byte[] codes = new byte[padded / 8 * bits];
    var block = new double[EdenBlock.SIZE];
    var signs = new RandomSigns(7, 0);
    for (int first = 0; first < values.length; first += block.length) {
      int count = Math.min(block.length, values.length - first);
      Arrays.fill(block, 0);
      for (int i = 0; i < count; i++) {
        int place = first + i;
        block[i] = RandomSigns.apply(signs.word(place / 64) >>> (place % 64), values[place]);
      }
      scales.putFloat(
          EdenBlock.encode(block, EdenBlock.padded(count), bits, codes, first / 8 * bits));
    }
    return file(
        "\"eden\",\"fedstep.bits\":\"%s\",\"fedstep.seed\":\"7\"".formatted(bits),
        entry("w:scale", "F32", blocks, 0, 4L * blocks)
            + ","
            + entry("w:codes", "U8", codes.length, 4L * blocks, 4L * blocks + codes.length),
        scales.flip(),
        ByteBuffer.wrap(codes));
  }

  private static ByteBuffer topK(float[] values) {
    float[] magnitudes = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      magnitudes[i] = Math.abs(values[i]);
    }
    int[] places = Largest.places(magnitudes, values.length / 100);
    ByteBuffer index = little(4 * places.length);
    ByteBuffer kept = little(4 * places.length);
    for (int place : places) {
      index.putInt(place);
      kept.putFloat(values[place]);
    }
    long half = 4L * places.length;
    return file(
        "\"top-k\"",
        entry("w:index", "U32", places.length, 0, half)
            + ","
            + entry("w:values", "F32", places.length, half, 2 * half),
        index.flip(),
        kept.flip());
  }

  private static String entry(String name, String dtype, int count, long begin, long end) {
    return "\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%s,%s]}"
        .formatted(name, dtype, count, begin, end);
  }

  private static ByteBuffer file(String encoding, String entries, ByteBuffer... parts) {
    byte[] text =
        "{\"__metadata__\":{\"fedstep.encoding\":%s},%s}"
            .formatted(encoding, entries)
            .getBytes(UTF_8);
    int length = Arrays.stream(parts).mapToInt(ByteBuffer::remaining).sum();
    ByteBuffer file =
        ByteBuffer.allocateDirect(8 + text.length + length).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(text.length).put(text);
    for (ByteBuffer part : parts) {
      file.put(part);
    }
    return file.flip();
  }
}
