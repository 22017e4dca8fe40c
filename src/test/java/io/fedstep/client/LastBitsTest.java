package io.fedstep.client;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fedstep.codec.ThinGoldens;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/** Weights that come as what differs from the last ones, as the references have it. */
class LastBitsTest {
  private static final JsonNode GOLDEN = ThinGoldens.json("halves");

  private static final String MODEL =
      """
      {"dtype": "float32", "layout": [
        {"name": "w", "shape": [30, 21], "offset": 0}, {"name": "b", "shape": [21], "offset": 630},
        {"name": "s", "shape": [], "offset": 651}]}\
      """;

  private static byte[] bytes(JsonNode hex) {
    return HexFormat.of().parseHex(hex.asString());
  }

  private static byte[] gzip(byte[] bytes) throws IOException {
    var out = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    }
    return out.toByteArray();
  }

  private static String tag(int version, Download dtype) {
    String half = dtype == Download.FLOAT32 ? "" : "." + dtype.label();
    return "\"3f9c2a71-%s.safetensors%s\"".formatted(version, half);
  }

  private static Scripted.Answer answer(
      String status, int version, Download dtype, byte[] body, String... more) {
    String half = dtype == Download.FLOAT32 ? "" : ";dtype=" + dtype.label();
    String[] fields = Arrays.copyOf(more, more.length + 4);
    fields[more.length] = "ETag: " + tag(version, dtype);
    fields[more.length + 1] = "Fedstep-Version: " + version;
    fields[more.length + 2] = "Content-Type: application/x-safetensors" + half;
    fields[more.length + 3] = "Content-Length: " + body.length;
    return new Scripted.Answer(Scripted.bytes("1.1 " + status, body, fields), false);
  }

  private static Scripted.Answer whole(int version, Download dtype) {
    String half = dtype == Download.FLOAT32 ? "" : "." + dtype.label();
    return answer(
        "200 OK", version, dtype, ThinGoldens.file("weights%s.safetensors".formatted(half)));
  }

  private static Scripted.Answer delta(int version, Download dtype, byte[] planes)
      throws IOException {
    return answer(
        "226 IM Used",
        version,
        dtype,
        gzip(planes),
        "IM: xor",
        "Content-Encoding: gzip",
        "Delta-Base: " + tag(version - 1, dtype));
  }

  private static Scripted.Answer model() {
    return Scripted.reply("200 OK", MODEL);
  }

  private static Fedstep at(Scripted server) {
    return Fedstep.at(server.uri(), Options.defaults().patience(Duration.ZERO));
  }

  @ParameterizedTest
  @EnumSource(names = {"BFLOAT16", "FLOAT16", "FLOAT32"})
  void delta_leadsToTheNewerWeights(Download dtype) throws Exception {
    byte[] planes = bytes(GOLDEN.required("delta").required(dtype.label()));
    byte[] same = new byte[planes.length];
    try (Scripted server =
            new Scripted(
                whole(7, dtype),
                model(),
                delta(8, dtype, planes),
                delta(9, dtype, same),
                Scripted.reply("304 Same", "", "ETag: " + tag(9, dtype), "Fedstep-Version: 9"));
        Fedstep fedstep = at(server)) {
      RemoteModel model = fedstep.model("m");
      Weights first = model.newest(dtype);
      Weights second = model.after(first, dtype);
      assertThat(second.tag()).isEqualTo("3f9c2a71-8");
      float[] newer = new Weights(0, "", false, bytes(GOLDEN.required("newer"))).floats();
      for (int i = 0; i < newer.length; i++) {
        float unit =
            switch (dtype) {
              case BFLOAT16 -> Math.ulp(newer[i]) * (1 << 15);
              case FLOAT16 -> Math.max(Math.ulp(newer[i]) * (1 << 12), 0x1p-25f);
              default -> 0;
            };
        assertThat(Math.abs(second.floats()[i] - newer[i])).isLessThanOrEqualTo(unit);
      }
      assertThat(model.newest(dtype).bytes()).isEqualTo(second.bytes());
      assertThat(model.newest(dtype).version()).isEqualTo(9);
      assertThat(server.fields).filteredOn(field -> field.equals("A-IM: xor")).hasSize(3);
      assertThat(server.fields).contains("If-None-Match: " + tag(7, dtype));
    }
  }

  @Test
  void deltaFromSomethingElse_orOneThatEndsEarly_isNone() throws Exception {
    byte[] planes = new byte[652 * 2];
    Download half = Download.BFLOAT16;
    Scripted.Answer cut =
        answer("226 IM Used", 8, half, gzip(new byte[700]), "Delta-Base: " + tag(7, half));
    for (Scripted.Answer wrong : new Scripted.Answer[] {delta(9, half, planes), cut}) {
      try (Scripted server = new Scripted(whole(7, half), model(), wrong);
          Fedstep fedstep = at(server)) {
        RemoteModel model = fedstep.model("m");
        assertThat(model.newest(half).version()).isEqualTo(7);
        assertThatThrownBy(() -> model.newest(half))
            .isInstanceOf(IOException.class)
            .hasMessageContaining("differ");
      }
    }
    byte[] page = "<html>".getBytes(ISO_8859_1);
    try (Scripted server = new Scripted(answer("200 OK", 8, half, page), model());
        Fedstep fedstep = at(server)) {
      assertThatThrownBy(() -> fedstep.model("m").newest(half))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("end early");
    }
  }
}
