package io.fedstep.contract;

import static io.fedstep.contract.Model.update;
import static io.fedstep.contract.Vectors.digest;
import static io.fedstep.contract.Vectors.f4;
import static io.fedstep.contract.Vectors.f8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Updates and weights as {@code .npy}, from files that NumPy wrote. */
class NpyTest {
  private static final String NPY = "Content-Type: application/x-npy";
  private static final double[] VALUES = {1.5, -2, 3, 0.125, 0x1p-14, 7};

  private static Model model(String dtype) {
    return Model.create(
        "{\"tensors\": {\"w\": [5], \"b\": []}, \"dtype\": \"%s\"}".formatted(dtype));
  }

  private static byte[] file(String name) throws IOException {
    try (InputStream in = NpyTest.class.getResourceAsStream("/wire/" + name + ".npy")) {
      return Objects.requireNonNull(in).readAllBytes();
    }
  }

  private static Reply submit(Model model, byte[] body) {
    return model.http().put(model.path(update(0, "alice")), body, NPY);
  }

  private static byte[] changed(String from, String to) throws IOException {
    String text = new String(file("le-f4-v1"), StandardCharsets.ISO_8859_1);
    assertThat(text).contains(from);
    return text.replace(from, to).getBytes(StandardCharsets.ISO_8859_1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"float32", "float64"})
  void everyFile_isTheSameVector(String dtype) throws IOException {
    byte[] values = dtype.equals("float32") ? f4(VALUES) : f8(VALUES);
    Model model = model(dtype);
    for (String order : new String[] {"le", "be"}) {
      for (int width = 2; width <= 8; width *= 2) {
        for (int version = 1; version <= 3; version++) {
          byte[] body = file("%s-f%s-v%s".formatted(order, width, version));
          model.http().put(model.path("/weights"), body, NPY).is(200);
          assertThat(model.get("/weights").body()).isEqualTo(values);
        }
      }
    }
    assertThat(submit(model, file("be-f2-v3")).is(201).json().path("digest").asString())
        .isEqualTo(digest(values));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          <f4    | <i4    | 422 | wrong-shape
          (6,)   | (6, 1) | 422 | wrong-shape
          (6,)   | (7,)   | 422 | wrong-length
          descr  | descs  | 400 | malformed
          NUMPY  | NUMPX  | 400 | malformed
          False  | Falsf  | 400 | malformed
          """)
  void otherFiles_areRefused(String from, String to, int status, String code) throws IOException {
    submit(model("float32"), changed(from, to)).problem(status, code);
  }

  @Test
  void lengths_areExact() throws IOException {
    Model model = model("float32");
    byte[] file = file("le-f4-v1");
    for (int length = 0; length < file.length; length++) {
      submit(model, Arrays.copyOf(file, length)).problem(400, "malformed");
    }
    submit(model, Arrays.copyOf(file, file.length + 1)).problem(400, "malformed");
  }

  @Test
  void overflow_isNotFinite() throws IOException {
    byte[] file = file("le-f8-v1");
    file[file.length - 1] = 0x7f; // the last value, of about 1e306
    assertThat(submit(model("float32"), file).problem(422, "not-finite").path("tensor").asString())
        .isEqualTo("b");
  }
}
