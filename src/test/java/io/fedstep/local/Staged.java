package io.fedstep.local;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fedstep.codec.Crc32c;
import io.fedstep.codec.Json;
import io.fedstep.codec.SpecCodec;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Upload;
import io.fedstep.model.ModelSpec;
import io.fedstep.round.HiddenSums;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.round.VectorSummary;
import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;

/**
 * Clients of a model whose rounds are {@link HiddenSums}. All that one of them sends follows from
 * its name and the round.
 */
final class Staged {
  static final int SIZE = 3;
  static final List<String> STAGES =
      List.of(HiddenSums.SEALING, HiddenSums.SENDING, HiddenSums.OPENING);

  private Staged() {}

  /** A model of plain steps, whose rounds have two members or three. */
  static ModelSpec spec() {
    return spec("");
  }

  /** The same with noise, whose cost is counted. */
  static ModelSpec privateSpec() {
    return spec(
        """
        , "aggregator": ["averaging", {"steps_weighted": false}],
        "privacy": {"clip_norm": 1, "noise_multiplier": 1, "delta": 1e-5}\
        """);
  }

  private static ModelSpec spec(String more) {
    String json =
        """
        {"tensors": {"w": [%s]}, "dtype": "float64",
         "optimizer": {"lrate": 1.0, "modules": []},
         "round": {"min_updates": 2, "max_updates": 3, "timeout": "30s"}%s}\
        """
            .formatted(SIZE, more);
    return SpecCodec.read(Json.readObject(new ByteArrayInputStream(json.getBytes(UTF_8))));
  }

  static long seed(long round, String client) {
    return (round + 1) * 1000 + client.hashCode() % 1000;
  }

  /** A client's value, in steps of the grid. */
  static long steps(long round, String client, int coordinate) {
    return (seed(round, client) * 7 + coordinate * 5L) % 97 - 48;
  }

  /** Sends a client's document, of which there is another with {@code differs}. */
  static Coordinator.Answer answer(
      Coordinator coordinator,
      String model,
      long round,
      String stage,
      String client,
      int count,
      boolean differs) {
    String document =
        stage.equals(HiddenSums.SEALING)
            ? Long.toString(seed(round, client) + (differs ? 1 : 0))
            : Integer.toString(count + (differs ? 1 : 0));
    return coordinator.answer(model, round, stage, client, document);
  }

  /** The masked words of a client, and one behind them. */
  static byte[] words(long round, String client, boolean differs) {
    var bytes = ByteBuffer.allocate((SIZE + 1) * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < SIZE; i++) {
      bytes.putLong(steps(round, client, i) + HiddenSums.mask(seed(round, client), i));
    }
    return bytes.putLong(differs ? 5 : 4).array();
  }

  static VectorSummary summary(byte[] words) {
    return new VectorSummary(Crc32c.digest(Crc32c.of(ByteBuffer.wrap(words))), 0);
  }

  /** Sends a client's words, and asks for them to be accepted. */
  static Upload.Answer submit(Upload upload, byte[] words) {
    upload.sink().write(0, ByteBuffer.wrap(words));
    return upload.submit(UpdateMetadata.of(1, Map.of(), null), summary(words));
  }

  /** Sends a client's words. */
  static Upload.Answer send(
      Coordinator coordinator, String model, long round, String client, boolean differs) {
    try (Upload upload = coordinator.begin(model, round, client, null)) {
      return submit(upload, words(round, client, differs));
    }
  }

  /** The weights after a round of those clients. */
  static double[] step(double[] weights, long round, List<String> clients) {
    double[] next = weights.clone();
    for (int i = 0; i < SIZE; i++) {
      long sum = 0;
      for (String client : clients) {
        sum += steps(round, client, i);
      }
      next[i] -= sum / (8.0 * clients.size());
    }
    return next;
  }
}
