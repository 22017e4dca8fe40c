package io.fedstep.contract;

import static io.fedstep.contract.Model.update;
import static io.fedstep.contract.Vectors.f4;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.ZstdInputStream;
import io.fedstep.codec.ThinGoldens;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** The newest weights as what differs from the version before. */
class DeltasTest {
  private static final String TYPE = "application/x-safetensors";
  private static final String HALF = "Accept: " + TYPE + ";dtype=bfloat16";
  private static final String XOR = "A-IM: xor";
  private static final String GZIP = "Accept-Encoding: gzip";

  private static final String SPEC =
      """
      {"tensors": %s, "optimizer": {"lrate": 1.0, "modules": []}, "round": {"min_updates": 1}}\
      """;

  private static Model model() {
    return Model.create(SPEC.formatted("{\"w\": [5], \"b\": []}"));
  }

  private static void advance(Model model, long round, double... gradient) {
    model.putOctets(update(round, "alice"), f4(gradient)).is(201);
    model.awaitVersion(round + 1);
  }

  private static byte[] expanded(Reply reply) throws IOException {
    var in = new ByteArrayInputStream(reply.body());
    try (InputStream out =
        reply.header("Content-Encoding").equals("zstd")
            ? new ZstdInputStream(in)
            : new GZIPInputStream(in)) {
      return out.readAllBytes();
    }
  }

  private static Reply ask(Model model, String tag, String accept, String... more) {
    var fields = new ArrayList<>(List.of(accept, "If-None-Match: " + tag));
    fields.addAll(List.of(more));
    return model.get("/weights", fields.toArray(String[]::new));
  }

  private static String tag(Model model, String accept) {
    return model.get("/weights", accept).is(200).header("ETag");
  }

  @ParameterizedTest
  @CsvSource({"bfloat16, gzip", "float16, zstd", "float32, gzip", "float32, zstd"})
  void delta_hasThePlanesOfTheGoldens(String dtype, String coding) throws IOException {
    JsonNode golden = ThinGoldens.json("halves");
    Model model = Model.create(SPEC.formatted(golden.required("tensors")));
    String type = dtype.equals("float32") ? TYPE : TYPE + ";dtype=" + dtype;
    byte[] weights = ThinGoldens.file("weights.safetensors");
    model.http().put(model.path("/weights"), weights, "Content-Type: " + TYPE).is(200);
    String tag = tag(model, "Accept: " + type);
    byte[] newer = HexFormat.of().parseHex(golden.required("newer").asString());
    model.putOctets(update(0, "alice"), difference(model.weights(), newer)).is(201);
    model.awaitVersion(1);
    assertThat(model.weights()).isEqualTo(newer);

    Reply reply = ask(model, tag, "Accept: " + type, XOR, "Accept-Encoding: " + coding).is(226);
    assertThat(expanded(reply))
        .isEqualTo(HexFormat.of().parseHex(golden.required("delta").required(dtype).asString()));
    assertThat(reply.header("IM")).isEqualTo("xor");
    assertThat(reply.header("Delta-Base")).isEqualTo(tag);
    assertThat(reply.header("ETag")).isEqualTo(tag(model, "Accept: " + type));
    assertThat(reply.header("Content-Type")).isEqualTo(type);
    assertThat(reply.header("Content-Encoding")).isEqualTo(coding);
    assertThat(reply.header("Vary").split(", *")).contains("A-IM", "Accept", "Accept-Encoding");
    assertThat(reply.header("Fedstep-Version")).isEqualTo("1");
  }

  /** The float32 gradient that leads from one vector to another. */
  private static byte[] difference(byte[] before, byte[] after) {
    var from = ByteBuffer.wrap(before).order(ByteOrder.LITTLE_ENDIAN);
    var to = ByteBuffer.wrap(after).order(ByteOrder.LITTLE_ENDIAN);
    var difference = ByteBuffer.allocate(before.length).order(ByteOrder.LITTLE_ENDIAN);
    while (from.hasRemaining()) {
      difference.putFloat(from.getFloat() - to.getFloat());
    }
    return difference.array();
  }

  @Test
  void delta_isOfTheSameRepresentation_inAnyCoding_andWhoHasTheNewest_knowsIt() throws IOException {
    Model model = model();
    String zeros = tag(model, HALF);
    advance(model, 0, 1, 2, 3, 4, 5, 6);
    byte[] half = expanded(ask(model, zeros, HALF, XOR, GZIP).is(226));
    assertThat(half).hasSize(12).startsWith(0x80, 0, 0x40, 0x80).endsWith(0xc0, 0xc0);

    String gzipped = zeros.replaceFirst("\"$", ".gzip\"");
    Reply same = ask(model, gzipped + ", \"other\"", HALF, XOR, GZIP).is(226);
    assertThat(same.header("Delta-Base")).isEqualTo(zeros);
    assertThat(expanded(same)).isEqualTo(half);
    Reply head =
        model.http().head(model.path("/weights"), HALF, "If-None-Match: " + zeros, XOR, GZIP);
    assertThat(head.is(226).header("Content-Length")).isEqualTo("" + same.body().length);
    assertThat(head.body()).isEmpty();

    String less = "Accept-Encoding: identity, gzip;q=0.5"; // for the ordinary answer
    assertThat(expanded(ask(model, zeros, HALF, XOR, less).is(226))).isEqualTo(half);
    assertThat(ask(model, "\"x\"", HALF, XOR, less).is(200).header("Content-Encoding")).isEmpty();

    ask(model, same.header("ETag"), HALF, XOR, GZIP).is(304);
    ask(model, "*", HALF, XOR, GZIP).is(304);
    assertThat(expanded(ask(model, tagOf(zeros, ""), "Accept: " + TYPE, XOR, GZIP).is(226)))
        .hasSize(24);
  }

  /** The tag of the same version's safetensors with another ending. */
  private static String tagOf(String tag, String ending) {
    return tag.replaceFirst("\\.bfloat16\"$", ending + "\"");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Accept-Encoding: gzip", // without A-IM
        "A-IM: xor", // without a coding
        "A-IM: xor|Accept-Encoding: br, identity",
        "A-IM: xor;q=0|Accept-Encoding: gzip",
        "A-IM: vcdiff, diffe|Accept-Encoding: gzip",
        "A-IM: xor|Accept-Encoding: gzip|Range: bytes=0-3",
      })
  void ordinaryAnswer_comesWhereNoDeltaIsAsked(String fields) {
    Model model = model();
    String zeros = tag(model, HALF);
    advance(model, 0, 1, 2, 3, 4, 5, 6);
    Reply reply = ask(model, zeros, HALF, fields.split("\\|")).is(200);
    assertThat(reply.header("IM")).isEmpty();
    assertThat(reply.header("Vary")).contains("A-IM");
  }

  @Test
  void ordinaryAnswer_comesToWhoHasSomethingElse() {
    Model model = model();
    String zeros = tag(model, HALF);
    advance(model, 0, 1, 2, 3, 4, 5, 6);
    for (String tag :
        List.of(
            tagOf(zeros, ""),
            tagOf(zeros, ".float16"),
            "\"" + model.base() + "\"",
            "W/" + zeros,
            "\"x\"")) {
      ask(model, tag, HALF, XOR, GZIP).is(200);
    }
    ask(model, tagOf(zeros, "").replace(".safetensors", ""), "Accept: */*", XOR, GZIP).is(200);
    model.get("/versions/1/weights", HALF, "If-None-Match: " + zeros, XOR, GZIP).is(200);
    advance(model, 1, 1, 2, 3, 4, 5, 6);
    ask(model, zeros, HALF, XOR, GZIP).is(200); // the version before the last
  }

  @Test
  void weightsBeyondAHalf_comeWhole_andTheirDeltaToo() throws IOException {
    Model model = model();
    String accept = "Accept: " + TYPE + ";dtype=float16, " + TYPE + ";q=0.5";
    String half = tag(model, accept);
    advance(model, 0, 65520, 0, 0, 0, 0, 0);
    Reply whole = ask(model, half, accept, XOR, GZIP).is(200);
    assertThat(whole.header("Content-Type")).isEqualTo(TYPE);
    String tag = whole.header("ETag");
    advance(model, 1, -65520, 0, 0, 0, 0, 0);
    ask(model, tag, accept, XOR, GZIP).is(200); // a half again, whose version before has none
    advance(model, 2, 65520, 0, 0, 0, 0, 0);
    advance(model, 3, 1, 0, 0, 0, 0, 0);
    String third = model.get("/versions/3/weights", "Accept: " + TYPE).header("ETag");
    Reply delta = ask(model, third, accept, XOR, GZIP).is(226);
    assertThat(delta.header("Content-Type")).isEqualTo(TYPE);
    assertThat(expanded(delta)).hasSize(24);
  }

  @Test
  void wait_bringsTheDeltaOfTheNextVersion_toAll() throws IOException {
    Model model = model();
    advance(model, 0, 1, 2, 3, 4, 5, 6);
    String tag = tag(model, HALF);
    List<CompletableFuture<Reply>> waiting =
        IntStream.range(0, 5)
            .mapToObj(_ ->
                CompletableFuture.supplyAsync(
                    () -> model.get("/weights?wait=30s", HALF, "If-None-Match: " + tag, XOR, GZIP)))
            .toList();
    model.putOctets(update(1, "alice"), f4(-1, -2, -3, -4, -5, -6)).is(201);
    for (CompletableFuture<Reply> one : waiting) {
      assertThat(expanded(one.join().is(226)))
          .containsExactly(0x80, 0, 0x40, 0x80, 0xa0, 0xc0, 0xbf, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0);
    }
    ask(model, waiting.getFirst().join().header("ETag"), HALF, XOR, GZIP).is(304);
    model.get("/weights?wait=1ms", HALF, "If-None-Match: " + tag, XOR, GZIP).is(226);
  }
}
