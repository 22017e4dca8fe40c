package io.fedstep.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.fedstep.bench.Line.Goal;
import io.fedstep.codec.Crc32c;
import io.fedstep.codec.JsonBody;
import io.fedstep.codec.UpdateMetadataBuilder;
import io.fedstep.codec.VectorIntake;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.TensorLayout;
import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A JSON body of 10^6 numbers, as Python writes float32 values, into checked values; beside the
 * fastest that Python has.
 */
final class JsonParse implements Row {
  private static final int WARM_UPS = 10;

  @Override
  public List<Line> measure(Bench bench) throws Exception {
    var gradients = new Gradients(bench.size(1_000_000, 1000));
    byte[] text = text(gradients);
    Files.createDirectories(bench.folder());
    Path file = Files.write(bench.folder().resolve("update.json"), text);
    var layout = new TensorLayout(Map.of("w", List.of((long) gradients.size())));
    String digest = Crc32c.digest(Crc32c.of(gradients.body(0)[0]));
    try (Peer python = Peer.python("json_body.py", file.toString())) {
      var turns = new Turns(bench);
      var fedstep = turns.add("fedstep", () -> parse(text, layout, digest));
      var peer = python == null ? null : turns.add("Python", () -> python.seconds("parse"));
      turns.take(bench.warmUps(WARM_UPS));
      return List.of(
          new Line(
              "JSON body of %s numbers, parse".formatted(Line.count(gradients.size())),
              fedstep.rate(gradients.size(), Unit.VALUES),
              (python == null ? "orjson" : python.name()) + " + NumPy",
              peer == null ? null : peer.rate(gradients.size(), Unit.VALUES),
              new Goal("1", "1.3")));
    }
  }

  /** Python's {@code json.dumps} of a float32 array's {@code tolist()}: doubles. */
  static byte[] text(Gradients gradients) {
    var text = new StringBuilder("{\"gradient\": [");
    ByteBuffer bytes = gradients.body(0)[0];
    for (int i = 0; i < gradients.size(); i++) {
      text.append(i == 0 ? "" : ", ").append((double) bytes.getFloat(4 * i));
    }
    return text.append("]}").toString().getBytes(US_ASCII);
  }

  private static double parse(byte[] text, TensorLayout layout, String digest) {
    long started = System.nanoTime();
    String found;
    try (var intake = new VectorIntake(layout, Dtype.FLOAT32, (offset, bytes) -> {})) {
      JsonBody.readUpdate(new ByteArrayInputStream(text), intake, new UpdateMetadataBuilder());
      found = intake.finish().digest();
    }
    double seconds = (System.nanoTime() - started) * 1e-9;
    if (!found.equals(digest)) {
      throw new IllegalStateException("the values read are %s, not %s".formatted(found, digest));
    }
    return seconds;
  }
}
