package io.fedstep.contract;

import static io.fedstep.contract.Model.update;
import static io.fedstep.contract.Vectors.f4;
import static io.fedstep.contract.Vectors.f8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.ThinGoldens;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Weights in half the bytes. */
class HalvesTest {
  private static final String TYPE = "application/x-safetensors";

  private static Model model(String dtype) {
    return Model.create(
        """
        {"tensors": {"w": [5], "b": []}, "dtype": "%s",
         "optimizer": {"lrate": 1.0, "modules": []}, "round": {"min_updates": 1}}\
        """
            .formatted(dtype));
  }

  private static byte[] data(byte[] file) {
    long length = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
    return Arrays.copyOfRange(file, 8 + (int) length, file.length);
  }

  private static String half(String dtype) {
    return "Accept: %s;dtype=%s".formatted(TYPE, dtype);
  }

  @ParameterizedTest
  @ValueSource(strings = {"bfloat16", "float16"})
  void weights_areRoundedOnce_intoAFileOfTheSameTensors(String dtype) {
    JsonNode golden = ThinGoldens.json("halves");
    Model model =
        Model.create("{\"tensors\": %s, \"round\": {}}".formatted(golden.required("tensors")));
    byte[] whole = ThinGoldens.file("weights.safetensors");
    model.http().put(model.path("/weights"), whole, "Content-Type: " + TYPE).is(200);
    Reply reply = model.get("/weights", half(dtype)).is(200);
    byte[] expected = ThinGoldens.file("weights.%s.safetensors".formatted(dtype));
    assertThat(data(reply.body())).isEqualTo(data(expected));
    assertThat(reply.header("Content-Type")).isEqualTo(TYPE + ";dtype=" + dtype);
    String tag = reply.header("ETag");
    assertThat(tag).endsWith(".safetensors." + dtype + "\"");
    assertThat(reply.header("Content-Disposition")).contains("-0." + dtype + ".safetensors\"");
    Model copy =
        Model.create("{\"tensors\": %s, \"round\": {}}".formatted(golden.required("tensors")));
    copy.http().put(copy.path("/weights"), reply.body(), "Content-Type: " + TYPE).is(200);
    assertThat(copy.get("/weights", half(dtype)).body()).isEqualTo(reply.body());

    model.get("/weights", half(dtype), "If-None-Match: " + tag).is(304);
    Reply part =
        model.get("/versions/0/weights", half(dtype), "Range: bytes=5-900", "If-Range: " + tag);
    assertThat(part.is(206).body()).isEqualTo(Arrays.copyOfRange(reply.body(), 5, 901));
    Reply head = model.http().head(model.path("/versions/0/weights"), half(dtype)).is(200);
    assertThat(head.header("Content-Length")).isEqualTo("" + reply.body().length);
    Reply gzip = model.get("/weights", half(dtype), "Accept-Encoding: gzip").is(200);
    assertThat(gzip.header("ETag")).isEqualTo(tag.replaceFirst("\"$", ".gzip\""));
  }

  @Test
  void zeros_haveHalves_andDoublesHaveFloats() {
    Model model = model("float64");
    for (String dtype : List.of("bfloat16", "float16", "float32")) {
      byte[] data = data(model.get("/weights", half(dtype)).is(200).body());
      assertThat(data).isEqualTo(new byte[6 * (dtype.equals("float32") ? 4 : 2)]);
    }
    model.putOctets("/weights", f8(1, 2, -3, 0.1, 1e-50, -0.0)).is(200);
    assertThat(data(model.get("/weights", half("float32")).is(200).body()))
        .isEqualTo(f4(1, 2, -3, 0.1, 0, -0.0));
    assertThat(data(model.get("/weights", half("float64")).is(200).body()))
        .isEqualTo(f8(1, 2, -3, 0.1, 1e-50, -0.0));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "application/x-safetensors;dtype=float32|application/x-safetensors",
        "application/x-safetensors;dtype=\"bfloat16\"|application/x-safetensors;dtype=bfloat16",
        "application/x-safetensors|application/x-safetensors",
        "application/x-safetensors;q=0.5, application/x-safetensors;dtype=bfloat16|application/x-safetensors;dtype=bfloat16",
        "application/x-safetensors, application/x-safetensors;dtype=bfloat16;q=0.5|application/x-safetensors",
        "application/x-safetensors;dtype=float8, application/json;q=0.1|application/json",
        "application/x-npy;dtype=bfloat16, application/json;q=0.1|application/json",
        "*/*|application/octet-stream",
        "application/x-safetensors;dtype=float64|",
        "application/json;dtype=float32|",
        "*/*;dtype=bfloat16|",
      })
  void acceptChooses_andNobodyGetsHalvesUnasked(String accept, String type) {
    Model model = model("float32");
    Reply reply = model.get("/weights", "Accept: " + accept);
    if (type == null) {
      reply.problem(406, "not-acceptable");
    } else {
      assertThat(reply.is(200).header("Content-Type")).isEqualTo(type);
    }
  }

  @Test
  void whatWouldBecomeInfinite_isNotThere() {
    Model model = model("float32");
    model.putOctets("/weights", f4(1, 2, 65520, 4, 5, 6)).is(200);
    JsonNode problem = model.get("/weights", half("float16")).problem(406, "not-acceptable");
    assertThat(problem.path("tensor").asString()).isEqualTo("w");
    assertThat(problem.path("index").intValue()).isEqualTo(2);
    String both = half("float16") + ", " + TYPE + ";dtype=bfloat16;q=0.5";
    Reply next = model.get("/weights", both).is(200);
    assertThat(next.header("Content-Type")).isEqualTo(TYPE + ";dtype=bfloat16");
    model.get("/weights", both, "If-None-Match: " + next.header("ETag")).is(304);
  }

  @Test
  void wait_bringsTheHalfOfTheNextVersion_toAll() {
    Model model = model("float32");
    String tag = model.get("/weights", half("bfloat16")).is(200).header("ETag");
    List<CompletableFuture<Reply>> waiting =
        IntStream.range(0, 5)
            .mapToObj(_ ->
                CompletableFuture.supplyAsync(() ->
                    model.get("/weights?wait=30s", half("bfloat16"), "If-None-Match: " + tag)))
            .toList();
    model.putOctets(update(0, "alice"), f4(1, 2, 3, 4, 5, 6)).is(201);
    byte[] expected = {
      (byte) 0x80,
      (byte) 0xbf,
      0,
      (byte) 0xc0,
      0x40,
      (byte) 0xc0,
      (byte) 0x80,
      (byte) 0xc0,
      (byte) 0xa0,
      (byte) 0xc0,
      (byte) 0xc0,
      (byte) 0xc0
    };
    for (CompletableFuture<Reply> one : waiting) {
      assertThat(data(one.join().is(200).body())).isEqualTo(expected);
    }
    model.awaitVersion(1);
    model.get("/versions/1/gradient", half("bfloat16")).problem(406, "not-acceptable");
  }
}
