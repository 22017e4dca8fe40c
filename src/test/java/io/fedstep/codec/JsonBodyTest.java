package io.fedstep.codec;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fedstep.model.ModelSpec;
import io.fedstep.problem.Problem;
import io.fedstep.problem.RefusedException;
import io.fedstep.process.BesideOthers;
import io.fedstep.vector.Dtype;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bodies of JSON, however large, odd or hostile. */
@BesideOthers
class JsonBodyTest {
  private static final ModelSpec SPEC = Specs.spec(Dtype.FLOAT32, Map.of("w", List.of(2L, 3L)));

  static byte[] read(ModelSpec spec, String body) {
    var into = new Buffer(spec.vectorBytes());
    var intake = new VectorIntake(spec.layout(), spec.dtype(), into);
    JsonBody.readUpdate(Specs.in(body), intake, new UpdateMetadataBuilder());
    intake.finish();
    return into.bytes();
  }

  private static Problem problem(String body) {
    RefusedException refused = catchThrowableOfType(RefusedException.class, () -> read(SPEC, body));
    assertThat(refused).as(body.substring(0, Math.min(body.length(), 200))).isNotNull();
    return refused.refusal().problem();
  }

  // Nested and flat arrays

  @Test
  void numbers_areReadAsDoublesThenRounded() {
    String body = "{\"gradient\": [1e-46, -1E+2, 16777217, 0.1, -0, -0.0]}";
    byte[] bytes = read(SPEC, body);
    assertThat(HexFormat.of().formatHex(bytes))
        .isEqualTo("00000000" + "0000c8c2" + "0000804b" + "cdcccc3d" + "00000000" + "00000080");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "null",
        "3",
        "[]",
        "{",
        "{}",
        "{\"gradient\"}",
        "{\"gradient\": }",
        "{\"gradient\": null}",
        "{\"gradient\": 3}",
        "{\"gradient\": \"w\"}",
        "{\"gradient\": [1,2,3,4,5,6]",
        "{\"gradient\": [1,2,3,4,5,6]}}",
        "{\"gradient\": [1,2,3,4,5,6]} {}",
        "{\"gradient\": [1,2,3,4,5,6], \"gradient\": [1,2,3,4,5,6]}",
        "{\"gradient\": [1,2,3,4,5,6], \"wieght\": 1}",
        "{\"gradient\": [1,2,3,4,5,6], \"weight\": \"1\"}",
        "{\"gradient\": [1,2,3,4,5,6], \"weight\": null}",
        "{\"gradient\": [1,2,3,4,5,6], \"metrics\": []}",
        "{\"gradient\": [1,2,3,4,5,6], \"metrics\": {\"a\": {}}}",
        "{\"gradient\": [1,2,3,4,5,6], \"metrics\": {\"a\": 1, \"a\": 1}}",
        "{\"gradient\": [1,2,3,4,5,\"6\"]}",
        "{\"gradient\": [1,2,3,4,5,true]}",
        "{\"gradient\": [1,2,3,4,5,[6]]}",
        "{\"gradient\": [1,2,3,4,5,6,]}",
        "{\"gradient\": [01,2,3,4,5,6]}",
        "{\"gradient\": [.1,2,3,4,5,6]}",
        "{\"gradient\": [0x1,2,3,4,5,6]}",
        "{'gradient': [1,2,3,4,5,6]}",
        "{\"gradient\": {\"w\": [[1,2,3],[4,5,\"6\"]]}}",
        "{\"gradient\": {\"__type__\": \"JaxVector\", \"dump\": {}}}",
        "{\"gradient\": {\"__type__\": \"NumpyVector\"}}"
      })
  void whatIsNoUpdate_isMalformed(String body) {
    assertThat(problem(body)).isEqualTo(Problem.MALFORMED);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"w\": [1,2,3,4,5,6]}",
        "{\"w\": [[1,2,3],[4,5]]}",
        "{\"w\": [[1,2,3],[4,5,6,7]]}",
        "{\"w\": [[1,2,3]]}",
        "{\"w\": [[1,2,3],[4,5,6],[]]}",
        "{\"w\": [[],[]]}",
        "{\"w\": [[[1],2,3],[4,5,6]]}",
        "{\"w\": 1}",
        "{\"v\": [[1,2,3],[4,5,6]]}",
        "{\"w\": [[1,2,3],[4,5,6]], \"v\": [1]}",
        "{}"
      })
  void otherShapes_areWrong(String gradient) {
    assertThat(problem("{\"gradient\": %s}".formatted(gradient))).isEqualTo(Problem.WRONG_SHAPE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"1e39", "-1e39", "1e999", "NaN", "Infinity", "-Infinity", "-1e999999999"})
  void numbersBeyondTheDtype_areNotFinite(String number) {
    assertThat(problem("{\"gradient\": [1,2,3,4,5,%s]}".formatted(number)))
        .isEqualTo(Problem.NOT_FINITE);
  }

  // Hostile bodies

  @Test
  void depthAndLengthBombs_areRefused() {
    for (String open : new String[] {"[", "{\"a\":", "[{\"a\":", "{\"w\":["}) {
      for (String begin : new String[] {"", "{\"gradient\": ", "{\"metrics\": ", "{\"x\": "}) {
        problem(begin + open.repeat(100_000));
      }
    }
    problem("{\"gradient\": {\"w\": " + "[".repeat(499) + "1" + "]".repeat(499) + "}}");
    problem("{\"gradient\": [" + "9".repeat(1_000_000) + "]}");
    problem("{\"gradient\": [1." + "0".repeat(1_000_000) + "1]}");
    problem("{\"gradient\": [1e" + "9".repeat(100_000) + "]}");
    problem("{\"" + "k".repeat(1_000_000) + "\": 1}");
    problem("{\"base\": \"" + "b".repeat(30_000_000) + "\"}");
    problem("{\"gradient\": [" + "1,".repeat(1_000_000) + "1]}");
    problem(" ".repeat(1_000_000));
  }

  /** The parser keeps each name that it has met: whoever sends millions is not read on. */
  @ParameterizedTest
  @ValueSource(strings = {"metrics", "gradient", "other"})
  void millionsOfNames_areNotKept(String key) {
    var read = new AtomicLong();
    long all = 3_000_000;
    InputStream body =
        new SequenceInputStream(
            new ByteArrayInputStream("{\"%s\": {".formatted(key).getBytes(US_ASCII)),
            new Names(all, read));
    var intake = new VectorIntake(SPEC.layout(), SPEC.dtype(), (_, _) -> {});
    RefusedException refused =
        catchThrowableOfType(
            RefusedException.class,
            () -> JsonBody.readUpdate(body, intake, new UpdateMetadataBuilder()));
    assertThat(refused.refusal().problem())
        .isIn(Problem.BAD_METRIC, Problem.WRONG_SHAPE, Problem.MALFORMED);
    assertThat(read).hasValueLessThan(all / 10);
  }

  /** Members of an object that never ends, each of another name. */
  private static final class Names extends InputStream {
    private final long all;
    private final AtomicLong read;

    Names(long all, AtomicLong read) {
      this.all = all;
      this.read = read;
    }

    @Override
    public int read() {
      throw new UnsupportedOperationException();
    }

    @Override
    public int read(byte[] into, int from, int length) {
      if (read.get() == all || length < 20) {
        return -1;
      }
      byte[] member =
          String.format(Locale.ROOT, "\"n%08d\": 1,      ", read.getAndIncrement())
              .getBytes(US_ASCII);
      System.arraycopy(member, 0, into, from, member.length);
      return member.length;
    }
  }

  /** Bodies that were valid before bytes of them were changed, cut out, doubled or cut off. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void damagedBodies_areReadOrRefused(long seed) {
    String[] bodies = {
      "{\"gradient\": [1,2.5,-3e-1,4,NaN,6], \"weight\": 3, \"metrics\": {\"a.b\": 1}}",
      "{\"gradient\": {\"w\": [[1,2,3],[4,5,6]]}, \"base\": \"x-1\", \"weight\": 0.5}",
      "{\"weight\": 1, \"gradient\": {\"__type__\": \"NumpyVector\", \"dump\": {\"w\": {\"__type__\": "
          + "\"np.ndarray\", \"dump\": [\""
          + "0000803f".repeat(6)
          + "\", \"f\", [2, 3]]}}}}"
    };
    var random = new Random(seed);
    for (int round = 0; round < 5000; round++) {
      byte[] body = bodies[random.nextInt(bodies.length)].getBytes(US_ASCII);
      for (int change = random.nextInt(3); change >= 0; change--) {
        body = damaged(body, random);
      }
      byte[] given = body;
      Throwable thrown = catchThrowable(() -> readAnyhow(given));
      assertThat(thrown)
          .as(() -> new String(given, UTF_8))
          .matches(it -> it == null || it instanceof RefusedException, "nothing or a refusal");
    }
  }

  private static void readAnyhow(byte[] body) {
    var intake = new VectorIntake(SPEC.layout(), SPEC.dtype(), new Buffer(SPEC.vectorBytes()));
    var parts = new UpdateMetadataBuilder();
    JsonBody.readUpdate(new ByteArrayInputStream(body), intake, parts);
    parts.build();
    intake.finish();
  }

  private static byte[] damaged(byte[] body, Random random) {
    if (body.length < 2) {
      return body;
    }
    int from = random.nextInt(body.length);
    int to = Math.min(body.length, from + 1 + random.nextInt(8));
    String text = new String(body, ISO_8859_1);
    String piece = text.substring(from, to);
    String changed =
        switch (random.nextInt(5)) {
          case 0 -> text.substring(0, from) + (char) random.nextInt(256) + text.substring(from + 1);
          case 1 -> text.substring(0, from) + text.substring(to);
          case 2 -> text.substring(0, from) + piece + text.substring(from);
          case 3 -> text.substring(0, from);
          default -> {
            int other = random.nextInt(body.length);
            yield text.substring(0, other) + piece + text.substring(other);
          }
        };
    return changed.getBytes(ISO_8859_1);
  }
}
