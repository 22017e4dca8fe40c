package io.fedstep.contract;

import static io.fedstep.contract.Http.JSON;
import static io.fedstep.contract.Http.OCTETS;
import static io.fedstep.contract.Model.update;
import static io.fedstep.contract.Vectors.f4;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bodies in gzip and zstd, both ways. */
class CompressionTest {
  private static final int SIZE = 20_000;
  private static final String SPEC =
      "{\"tensors\": {\"w\": [%s]}, \"round\": {\"max_updates\": 9}}".formatted(SIZE);
  private static final byte[] VALUES = f4(new Random(7).doubles(SIZE, -1, 1).toArray());

  private static byte[] packed(String coding, byte[] bytes) throws IOException {
    if (coding.equals("zstd")) {
      return Zstd.compress(bytes);
    }
    var out = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    }
    return out.toByteArray();
  }

  private static byte[] unpacked(String coding, byte[] bytes) throws IOException {
    try (var in =
        coding.equals("zstd")
            ? new com.github.luben.zstd.ZstdInputStream(new ByteArrayInputStream(bytes))
            : new GZIPInputStream(new ByteArrayInputStream(bytes))) {
      return in.readAllBytes();
    }
  }

  private static Reply submit(Model model, String client, String type, String coding, byte[] body) {
    return model
        .http()
        .put(model.path(update(0, client)), body, type, "Content-Encoding: " + coding);
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "zstd", "GZIP", "x-gzip"})
  void bodies_areExpanded(String coding) throws IOException {
    Model model = Model.create(SPEC);
    String as = coding.toLowerCase(java.util.Locale.ROOT);
    submit(model, "alice", OCTETS, coding, packed(as, VALUES)).is(201);
    model.http().putOctets(model.path(update(0, "alice")), VALUES).is(200);
    String json = "{\"gradient\": [%s]}".formatted("0.5,".repeat(SIZE - 1) + "1");
    submit(model, "bob", JSON, coding, packed(as, json.getBytes(StandardCharsets.UTF_8))).is(201);
    model
        .http()
        .put(
            "/v1/models/%s-%s".formatted(model.name(), as),
            packed(as, SPEC.getBytes(StandardCharsets.UTF_8)),
            JSON,
            "Content-Encoding: " + coding)
        .is(201);
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "zstd"})
  void body_cutShortOrWithMore_isMalformed(String coding) throws IOException {
    Model model = Model.create("{\"tensors\": {\"w\": [5]}}");
    byte[] whole = packed(coding, f4(1, 2, 3, 4, 5));
    for (int length = 1; length < whole.length; length++) {
      Reply reply = submit(model, "a", OCTETS, coding, Arrays.copyOf(whole, length));
      assertThat(reply.status()).as("cut to %s: %s", length, reply).isEqualTo(400);
    }
    submit(model, "a", OCTETS, coding, Arrays.copyOf(whole, whole.length + 3))
        .problem(400, "malformed");
    submit(model, "a", OCTETS, coding, f4(1, 2, 3, 4, 5)).problem(400, "malformed");
    byte[] json =
        packed(coding, "{\"gradient\": [1, 2, 3, 4, 5]}".getBytes(StandardCharsets.UTF_8));
    submit(model, "a", JSON, coding, Arrays.copyOf(json, json.length - 2))
        .problem(400, "malformed");
    submit(model, "a", JSON, coding, Arrays.copyOf(json, json.length + 3))
        .problem(400, "malformed");
    submit(model, "a", JSON, coding, json).is(201);
  }

  @Test
  void gzip_withAnotherMemberOrAWrongChecksum_isMalformed() throws IOException {
    Model model = Model.create("{\"tensors\": {\"w\": [2]}}");
    byte[] whole = packed("gzip", f4(1, 2));
    var more = new ByteArrayOutputStream();
    more.writeBytes(whole);
    more.writeBytes(packed("gzip", new byte[0]));
    submit(model, "a", OCTETS, "gzip", more.toByteArray()).problem(400, "malformed");
    whole[whole.length - 6] ^= 1;
    submit(model, "a", OCTETS, "gzip", whole).problem(400, "malformed");
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "zstd"})
  void bomb_isTooLarge(String coding) throws IOException {
    Model model = Model.create("{\"tensors\": {\"w\": [5]}}");
    byte[] spaces = new byte[64 << 20];
    Arrays.fill(spaces, (byte) ' ');
    byte[] small = packed(coding, spaces);
    assertThat(small.length).isLessThan(100_000);
    submit(model, "a", JSON, coding, small).problem(413, "too-large");
    submit(model, "a", OCTETS, coding, small).problem(413, "too-large");
    submit(model, "a", "Content-Type: application/x-safetensors", coding, small)
        .problem(400, "malformed");
  }

  /** What has nothing in it, in several ways: four bytes of update, and 800 KB beside them. */
  private static byte[] padded(String way) throws IOException {
    var body = new ByteArrayOutputStream();
    if (way.startsWith("zstd")) {
      byte[] skippable = {0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3};
      byte[] nothing = way.endsWith("frames") ? Zstd.compress(new byte[0]) : skippable;
      while (body.size() < 800_000) {
        body.writeBytes(nothing);
      }
      body.writeBytes(Zstd.compress(f4(1)));
      return body.toByteArray();
    }
    byte[] whole = packed("gzip", f4(1));
    body.write(whole, 0, 10);
    byte[] emptyBlock = {0, 0, 0, -1, -1};
    while (body.size() < 800_000) {
      body.writeBytes(emptyBlock);
    }
    body.write(whole, 10, whole.length - 10);
    return body.toByteArray();
  }

  @ParameterizedTest
  @ValueSource(strings = {"zstd frames", "zstd skippable frames", "gzip blocks"})
  void body_withMuchThatYieldsNothing_isMalformed(String way) throws IOException {
    Model model = Model.create("{\"tensors\": {\"w\": [1]}}");
    String coding = way.substring(0, 4);
    for (String type : new String[] {OCTETS, JSON}) {
      assertThat(
              submit(model, "a", type, coding, padded(way))
                  .problem(400, "malformed")
                  .path("detail")
                  .asString())
          .contains("524288 bytes longer than what it holds");
    }
  }

  @Test
  void gzip_whoseHeaderDoesNotEnd_isMalformed() throws IOException {
    Model model = Model.create("{\"tensors\": {\"w\": [1]}}");
    byte[] whole = packed("gzip", f4(1));
    for (int flag : new int[] {8, 16}) { // a name, a comment
      byte[] body = new byte[1 << 17];
      Arrays.fill(body, (byte) 'x');
      System.arraycopy(whole, 0, body, 0, 10);
      body[3] = (byte) flag;
      submit(model, "a", OCTETS, "gzip", body).problem(400, "malformed");
    }
  }

  @Test
  void zstd_inManyFrames_isExpanded() throws IOException {
    Model model = Model.create(SPEC);
    var body = new ByteArrayOutputStream();
    for (int from = 0; from < VALUES.length; from += 40) {
      body.writeBytes(Zstd.compress(Arrays.copyOfRange(VALUES, from, from + 40)));
    }
    submit(model, "a", OCTETS, "zstd", body.toByteArray()).is(201);
    model.http().putOctets(model.path(update(0, "a")), VALUES).is(200);
  }

  @Test
  void zstd_withAWindowBeyond8MiB_isMalformed() throws IOException {
    Model model = Model.create("{\"tensors\": {\"w\": [5]}}");
    var out = new ByteArrayOutputStream();
    try (var zstd = new ZstdOutputStream(out)) {
      zstd.setLong(27);
      zstd.write(new byte[32 << 20]);
    }
    submit(model, "a", JSON, "zstd", out.toByteArray()).problem(400, "malformed");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "gzip|gzip",
        "zstd|zstd",
        "gzip, zstd|zstd",
        "gzip, deflate, br|gzip",
        "gzip;q=0.5, identity;q=0.2|gzip",
        "gzip;q=0.5, identity|-",
        "gzip;q=0|-",
        "identity|-",
        "br|-",
        "*|-",
        "-|-",
      })
  void answer_isCompressedAsAsked(String accepted, String coding) throws IOException {
    Model model = Model.create(SPEC);
    model.http().putOctets(model.path("/weights"), VALUES).is(200);
    String base = model.base();
    for (String path : new String[] {"/weights", "/versions/0/weights", "/optimizer/state"}) {
      Reply reply =
          accepted == null
              ? model.get(path).is(200)
              : model.get(path, "Accept-Encoding: " + accepted).is(200);
      assertThat(reply.header("Content-Encoding")).isEqualTo(coding == null ? "" : coding);
      assertThat(reply.header("Vary")).contains("Accept-Encoding");
      byte[] content = coding == null ? reply.body() : unpacked(coding, reply.body());
      assertThat(content).isEqualTo(model.get(path).body());
      if (coding != null && !path.endsWith("state")) { // which is short, and computed each time
        Reply again = model.get(path, "Accept-Encoding: " + accepted).is(200);
        assertThat(again.body()).isEqualTo(reply.body());
        assertThat(again.header("Content-Length")).isEqualTo("" + reply.body().length);
      }
      if (coding != null) {
        assertThat(reply.header("ETag")).startsWith("\"" + base).endsWith("." + coding + "\"");
        String known = "If-None-Match: " + reply.header("ETag");
        model.get(path, "Accept-Encoding: " + accepted, known).is(304);
        model.get(path, known).is(200);
      }
    }
    if (coding != null) { // the tag of any representation says that the version is known
      String tag = "\"" + base + "." + coding + "\"";
      model.get("/weights?wait=10ms", "If-None-Match: " + tag).is(304);
      Reply json =
          model.get("/weights", "Accept: application/json", "Accept-Encoding: " + accepted);
      assertThat(Reply.json(new String(unpacked(coding, json.body()), StandardCharsets.UTF_8)))
          .isEqualTo(model.get("/weights", "Accept: application/json").json());
    }
  }
}
