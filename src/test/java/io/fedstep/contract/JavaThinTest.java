package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fedstep.client.Administration;
import io.fedstep.client.Download;
import io.fedstep.client.Encoding;
import io.fedstep.client.Fedstep;
import io.fedstep.client.Participation;
import io.fedstep.client.RefusedByServer;
import io.fedstep.client.RemoteModel;
import io.fedstep.client.Update;
import io.fedstep.client.Weights;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** The Java client over a thin line. */
class JavaThinTest {
  private static final int SIZE = 1050;

  private final URI server = URI.create("http://127.0.0.1:" + Server.shared().http().port());
  private final Fedstep fedstep = Fedstep.at(server);
  private final RemoteModel model = fedstep.model(Model.unborn().name());

  @AfterEach
  void close() {
    fedstep.close();
  }

  private void create(String dtype, String more) throws Exception {
    model.create(
        """
        {"tensors": {"w": [10, 100], "b": [50]}, "dtype": "%s", %s
         "optimizer": {"lrate": 1.0, "modules": []}, "round": {"min_updates": %s, "timeout": "1h"}}\
        """
            .formatted(dtype, more, more.isEmpty() ? 1 : 3));
  }

  private static float[] normal(long seed) {
    Random random = new Random(seed);
    float[] values = new float[SIZE];
    for (int i = 0; i < SIZE; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static double distance(float[] one, float[] other) {
    double sum = 0;
    for (int i = 0; i < one.length; i++) {
      sum += Math.pow(one[i] - other[i], 2);
    }
    return Math.sqrt(sum);
  }

  @ParameterizedTest
  @EnumSource
  void updates_areSentEncoded(Encoding encoding) throws Exception {
    create("float32", "");
    float[] gradient = normal(1);
    Weights last =
        model.train(
            Participation.of("alice").encoding(encoding).forRounds(1), _ -> Update.of(gradient));
    JsonNode client = model.round(0).required("clients").get(0);
    assertThat(client.required("encoding").asString()).isEqualTo(encoding.label());
    assertThat(client.required("bytes").asInt()).isLessThan(4 * SIZE / 2);
    float[] moved = last.floats();
    for (int i = 0; i < SIZE; i++) {
      moved[i] = -moved[i];
    }
    double norm = distance(gradient, new float[SIZE]);
    assertThat(distance(moved, gradient)).isLessThan(norm).isPositive();
  }

  @Test
  void update_saysItsOwnEncoding_andWhatItLeavesOut() throws Exception {
    create("float32", "");
    Weights weights = model.newest();
    JsonNode receipt =
        model.submit(
            "alice",
            weights,
            Update.of(normal(2)).encodedAs(Encoding.EDEN_4).only("b").weighing(3));
    assertThat(receipt.required("left_out").asInt()).isEqualTo(1);
    assertThat(receipt.required("weight").asInt()).isEqualTo(3);
    Weights moved = model.after(weights);
    assertThat(Arrays.copyOf(moved.floats(), 1000)).containsOnly(0);
    assertThat(moved.floats()[1001]).isEqualTo(-normal(2)[1001]); // of a small tensor
    model.submit("alice", moved, Update.of(normal(3)).only("w"));
    assertThat(model.after(moved).floats()[1000]).isEqualTo(moved.floats()[1000]);
    assertThatThrownBy(() -> model.submit("bob", model.newest(), Update.of(normal(3)).only("x")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void whatTopKHasNotSent_comesWithTheNext_onceTheUpdateIsIn() throws Exception {
    create("float32", "");
    float[] gradient = new float[SIZE];
    for (int i = 0; i < SIZE; i++) {
      gradient[i] = i < 10 ? 5 : i < 20 ? 3 : 0;
    }
    Update update = Update.of(gradient).encodedAs(Encoding.TOP_K); // of 1,050 values 11
    Weights weights = model.newest();
    assertThatThrownBy(() -> model.submit("alice", model.newest(), update.weighing(-1)))
        .isInstanceOf(RefusedByServer.class); // which changes nothing
    model.submit("alice", weights, update);
    weights = model.after(weights);
    float[] first = weights.floats();
    assertThat(first[9]).isEqualTo(-5);
    assertThat(first[10]).isEqualTo(-3);
    assertThat(first[11]).isEqualTo(0);
    model.submit("alice", weights, Update.of(new float[SIZE]).encodedAs(Encoding.TOP_K));
    float[] second = model.after(weights).floats();
    assertThat(Arrays.copyOf(second, 20)).startsWith(-5, -5).endsWith(-3, -3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"float32", "float64"})
  void weights_comeInFewerBytes_andThenAsWhatDiffers(String dtype) throws Exception {
    for (Download download : Download.values()) {
      create(dtype, "");
      var seen = new ArrayList<byte[]>();
      Weights last =
          model.train(
              Participation.of("alice").downloading(download).forRounds(3),
              weights -> {
                seen.add(weights.bytes().clone());
                Arrays.fill(weights.bytes(), (byte) 7); // as training may do
                boolean wide = dtype.equals("float64");
                return wide
                    ? Update.of(new Random(weights.version()).doubles(SIZE).toArray())
                    : Update.of(normal(weights.version()));
              });
      assertThat(last.version()).isEqualTo(3);
      assertThat(last.tag()).isEqualTo(model.newest().tag());
      for (int version = 0; version < 3; version++) {
        assertThat(seen.get(version))
            .as("%s of version %s", download, version)
            .isEqualTo(rounded(model.version(version).bytes(), dtype, download));
      }
      assertThat(model.newest(download).bytes()).isEqualTo(last.bytes());
      Administration.of(model).delete();
    }
  }

  /** Weights as they are once they were rounded. */
  private static byte[] rounded(byte[] weights, String dtype, Download download) {
    var whole = new Weights(0, "", false, weights);
    if (dtype.equals("float64")) {
      double[] values = whole.doubles();
      for (int i = 0; i < values.length; i++) {
        values[i] = round(values[i], download);
      }
      return Update.of(values).bytes();
    }
    float[] values = whole.floats();
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) round(values[i], download);
    }
    return Update.of(values).bytes();
  }

  /** To the nearest, ties to even; of these values no double rounding differs. */
  private static double round(double value, Download download) {
    return switch (download) {
      case BFLOAT16 -> {
        int bits = Float.floatToRawIntBits((float) value);
        yield Float.intBitsToFloat((bits + 0x7FFF + ((bits >>> 16) & 1)) & 0xFFFF0000);
      }
      case FLOAT16 -> Float.float16ToFloat(Float.floatToFloat16((float) value));
      case FLOAT32 -> (float) value;
      case FLOAT64 -> value;
    };
  }

  @Test
  void weightsBeyondAHalf_comeWhole() throws Exception {
    create("float32", "");
    float[] large = normal(1);
    large[3] = 70_000;
    model.setWeights(Update.of(large).bytes());
    assertThat(model.newest(Download.FLOAT16).floats()).isEqualTo(large);
  }

  @Test
  @OneMachine("several machines refuse secure models")
  void secureModels_areTrainedWholeOrNotAtAll() throws Exception {
    create("float32", "\"secure\": {\"clip\": 8.0},");
    for (Participation part :
        List.of(
            Participation.of("alice").encoding(Encoding.INT8),
            Participation.of("alice").downloading(Download.BFLOAT16))) {
      assertThatThrownBy(() -> model.train(part, _ -> Update.of(normal(1))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("secure");
    }
  }
}
