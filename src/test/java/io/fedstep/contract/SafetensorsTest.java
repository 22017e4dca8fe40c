package io.fedstep.contract;

import static io.fedstep.contract.Model.update;
import static io.fedstep.contract.Vectors.digest;
import static io.fedstep.contract.Vectors.f4;
import static io.fedstep.contract.Vectors.f8;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Updates and weights as safetensors, from files that Python's safetensors wrote. */
class SafetensorsTest {
  private static final String TYPE = "application/x-safetensors";
  private static final String SENT = "Content-Type: " + TYPE;
  private static final double[] VALUES = {1.5, -2, 3, 0.125, 0x1p-14, 7};

  private static Model model(String dtype) {
    return Model.create(
        "{\"tensors\": {\"w\": [5], \"b\": []}, \"dtype\": \"%s\"}".formatted(dtype));
  }

  private static byte[] file(String name) throws IOException {
    try (InputStream in =
        SafetensorsTest.class.getResourceAsStream("/wire/" + name + ".safetensors")) {
      return Objects.requireNonNull(in).readAllBytes();
    }
  }

  private static Reply submit(Model model, byte[] body) {
    return model.http().put(model.path(update(0, "alice")), body, SENT);
  }

  /** A file of a header and so many bytes of numbers. */
  private static byte[] made(String header, byte[] numbers) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + text.length + numbers.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(text.length)
        .put(text)
        .put(numbers)
        .array();
  }

  @ParameterizedTest
  @ValueSource(strings = {"float32", "float64"})
  void everyFile_isTheSameVector(String dtype) throws IOException {
    byte[] values = dtype.equals("float32") ? f4(VALUES) : f8(VALUES);
    Model model = model(dtype);
    for (String name : new String[] {"f2", "bf2", "f4", "f8", "mixed"}) {
      model.http().put(model.path("/weights"), file(name), SENT).is(200);
      assertThat(model.get("/weights").body()).as(name).isEqualTo(values);
    }
    assertThat(submit(model, file("mixed")).is(201).json().path("digest").asString())
        .isEqualTo(digest(values));
    assertThat(submit(model, file("f4")).is(200).json().path("digest").asString())
        .isEqualTo(digest(values));
  }

  @Test
  void answer_isReadAgain_andHasATagOfItsOwn() throws IOException {
    Model model = model("float32");
    for (int i = 0; i < 2; i++) { // version 0 of zeros, which is in no file, then one that is
      Reply reply = model.get("/weights", "Accept: " + TYPE).is(200);
      assertThat(reply.header("Content-Type")).isEqualTo(TYPE);
      assertThat(reply.header("ETag")).endsWith(".safetensors\"");
      assertThat(new String(reply.body(), 8, 40, ISO_8859_1))
          .startsWith("{\"__metadata__\":{\"format\":\"pt\"},");
      model.get("/weights", "Accept: " + TYPE, "If-None-Match: " + reply.header("ETag")).is(304);
      Model copy = model("float32");
      copy.http().put(copy.path("/weights"), reply.body(), SENT).is(200);
      assertThat(copy.get("/weights").body()).isEqualTo(model.get("/weights").body());
      Reply part = model.get("/versions/0/weights", "Accept: " + TYPE, "Range: bytes=4-19").is(206);
      assertThat(part.body()).isEqualTo(Arrays.copyOfRange(reply.body(), 4, 20));
      model.http().put(model.path("/weights"), file("f4"), SENT);
    }
  }

  @Test
  void npyAnswer_isReadAgain() throws IOException {
    Model model = model("float64");
    model.http().put(model.path("/weights"), file("f8"), SENT).is(200);
    Reply reply = model.get("/weights", "Accept: application/x-npy").is(200);
    assertThat(reply.header("ETag")).endsWith(".npy\"");
    assertThat(reply.body()).startsWith(0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0).endsWith(f8(VALUES));
    assertThat(reply.body().length % 64).isEqualTo(f8(VALUES).length);
    Model copy = model("float64");
    copy.http().put(copy.path("/weights"), reply.body(), "Content-Type: application/x-npy").is(200);
    Reply part =
        model
            .get("/versions/0/weights", "Accept: application/x-npy", "Range: bytes=100-139")
            .is(206);
    assertThat(part.body()).isEqualTo(Arrays.copyOfRange(reply.body(), 100, 140));
  }

  @Test
  void gradient_comesInEveryForm() {
    Model model = model("float32");
    model.submit(0, "alice", "{\"gradient\": [1, 2, 3, 4, 5, 6]}").is(201);
    model.awaitVersion(1);
    byte[] flat = model.get("/versions/1/gradient").is(200).body();
    for (String type : new String[] {TYPE, "application/x-npy"}) {
      assertThat(model.get("/versions/1/gradient", "Accept: " + type).is(200).body())
          .endsWith(flat);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'w':{'dtype':'F32','shape':[5],'data_offsets':[0,20]}}|422|wrong-shape|b",
        "{'w':{'dtype':'F32','shape':[5],'data_offsets':[0,20]},'c':{'dtype':'F32','shape':[],'data_offsets':[20,24]}}|422|wrong-shape|c",
        "{'w':{'dtype':'F32','shape':[5,1],'data_offsets':[0,20]},'b':{'dtype':'F32','shape':[],'data_offsets':[20,24]}}|422|wrong-shape|w",
        "{'w':{'dtype':'I32','shape':[5],'data_offsets':[0,20]},'b':{'dtype':'F32','shape':[],'data_offsets':[20,24]}}|422|wrong-shape|w",
        "{'w':{'dtype':'F32','shape':[5],'data_offsets':[0,20]},'b':{'dtype':'F32','shape':[],'data_offsets':[21,25]}}|400|malformed|",
        "{'w':{'dtype':'F32','shape':[5],'data_offsets':[4,24]},'b':{'dtype':'F32','shape':[],'data_offsets':[20,24]}}|400|malformed|",
        "{'w':{'dtype':'F32','shape':[5],'data_offsets':[0,19]},'b':{'dtype':'F32','shape':[],'data_offsets':[19,23]}}|400|malformed|",
        "{'w':{'dtype':'F32','shape':[5],'data_offsets':[0,20,3]},'b':{'dtype':'F32','shape':[],'data_offsets':[20,24]}}|400|malformed|",
        "{'w':{'dtype':'F32','shape':'x','data_offsets':[0,20]},'b':{'dtype':'F32','shape':[],'data_offsets':[20,24]}}|400|malformed|",
        "{'w':{'dtype':'F32','shape':[5],'data_offsets':[-20,0]},'b':{'dtype':'F32','shape':[],'data_offsets':[0,4]}}|400|malformed|",
        "{'w':5,'b':7}|422|wrong-shape|w",
        "[]|400|malformed|",
        "{|400|malformed|",
        "{'w':1,'w':2}|400|malformed|",
      })
  void header_thatDoesNotFit_isRefused(String header, int status, String code, String tensor) {
    Reply reply = submit(model("float32"), made(header.replace('\'', '"'), new byte[24]));
    String named = reply.problem(status, code).path("tensor").asString("");
    assertThat(named).isEqualTo(tensor == null ? "" : tensor);
  }

  @Test
  void numbers_cutShortOrMore_areMalformed() throws IOException {
    byte[] whole = file("f4");
    Model model = model("float32");
    for (int length = 0; length < whole.length; length++) {
      submit(model, Arrays.copyOf(whole, length)).problem(400, "malformed");
    }
    submit(model, Arrays.copyOf(whole, whole.length + 1)).problem(400, "malformed");
    submit(model, whole).is(201);
  }

  @Test
  void overflow_isNotFinite_andNamesThePlace() {
    String header =
        "{\"b\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]},"
            + "\"w\":{\"dtype\":\"F64\",\"shape\":[5],\"data_offsets\":[8,48]}}";
    var problem =
        submit(model("float32"), made(header, f8(0, 1, 2, 1e39, 4, 5))).problem(422, "not-finite");
    assertThat(problem.path("tensor").asString()).isEqualTo("w");
    assertThat(problem.path("index").asInt()).isEqualTo(2);
  }

  @Test
  void hugeHeader_isRefused() {
    var body = new ByteArrayOutputStream();
    body.writeBytes(
        ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(1L << 40).array());
    body.writeBytes(new byte[100]);
    submit(model("float32"), body.toByteArray()).problem(400, "malformed");
  }
}
