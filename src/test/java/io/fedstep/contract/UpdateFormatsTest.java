package io.fedstep.contract;

import static io.fedstep.contract.Model.update;
import static io.fedstep.contract.Vectors.digest;
import static io.fedstep.contract.Vectors.f4;
import static io.fedstep.contract.Vectors.f8;
import static io.fedstep.contract.Vectors.packed;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** The forms in which the numbers of an update come, and what becomes of them. */
class UpdateFormatsTest {
  private static final byte[] VALUES = f4(1.5, -2, 3, 0.1, 1e-30, 7);

  private static Model model(String dtype) {
    return Model.create(
        """
        {"tensors": {"w": [2, 2], "b": [], "c": [1]}, "dtype": "%s",
         "optimizer": {"lrate": 1.0, "modules": []}}\
        """
            .formatted(dtype));
  }

  private static final String FLAT = "[1.5, -2, 3e0, 0.1, 1E-30, 7]";
  private static final String NESTED = "{'w': [[1.5, -2.0], [3, 0.1]], 'b': 1e-30, 'c': [7.0]}";
  private static final String REORDERED = "{'c': [7], 'b': 1e-30, 'w': [[1.5, -2], [3, 0.1]]}";
  private static final String NUMPY =
      "{'__type__': 'NumpyVector', 'dump': {'w': %s, 'b': %s, 'c': %s}}";
  private static final String TORCH =
      "{'__type__': 'TorchVector', 'dump': {'w': %s, 'b': %s, 'c': %s}}";
  private static final String DUMP_FIRST =
      "{'dump': {'w': %s, 'b': %s, 'c': %s}, '__type__': 'NumpyVector'}";

  private static String gradient(String form, String dtype) {
    boolean single = dtype.equals("f");
    return form.replace('\'', '"')
        .formatted(
            packed(single ? f4(1.5, -2, 3, 0.1) : f8(1.5, -2, 3, 0.1), dtype, "[2, 2]"),
            packed(single ? f4(1e-30) : f8(1e-30), dtype, "[]"),
            packed(single ? f4(7) : f8(7), dtype, "[1]"));
  }

  @ParameterizedTest
  @ValueSource(strings = {FLAT, NESTED, REORDERED, NUMPY, TORCH, DUMP_FIRST})
  void everyForm_isTheSameUpdate(String form) {
    Model model = model("float32");
    String body = "{\"gradient\": %s}".formatted(gradient(form, "f"));
    JsonNode receipt = model.submit(0, "alice", body).is(201).json();
    assertThat(receipt.path("digest").asString()).isEqualTo(digest(VALUES));
    assertThat(model.putOctets(update(0, "alice"), VALUES).is(200).json()).isEqualTo(receipt);
    model.awaitVersion(1);
    assertThat(model.get("/versions/1/gradient").body()).isEqualTo(VALUES);
  }

  @ParameterizedTest
  @ValueSource(strings = {FLAT, NESTED, REORDERED, NUMPY, TORCH, DUMP_FIRST})
  void everyForm_worksInFloat64(String form) {
    Model model = model("float64");
    byte[] values = f8(1.5, -2, 3, 0.1, 1e-30, 7);
    String body = "{\"gradient\": %s}".formatted(gradient(form, "d"));
    JsonNode receipt = model.submit(0, "alice", body).is(201).json();
    assertThat(receipt.path("digest").asString()).isEqualTo(digest(values));
    assertThat(model.putOctets(update(0, "alice"), values).is(200).json()).isEqualTo(receipt);
    model.awaitVersion(1);
    assertThat(model.get("/versions/1/gradient").body()).isEqualTo(values);
  }

  @ParameterizedTest
  @CsvSource({"float32, d", "float64, f"})
  void packedVectors_ofAnotherDtype_areRefusedByName(String dtype, String packed) {
    String body = "{\"gradient\": %s}".formatted(gradient(NUMPY, packed));
    JsonNode problem = model(dtype).submit(0, "alice", body).problem(422, "wrong-shape");
    assertThat(problem.path("detail").asString()).contains("'" + packed + "'");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {'weight': 600, 'metrics': {'loss': 0.41}, 'base': 'BASE', 'gradient': FLAT}
          {'gradient': FLAT, 'base': 'BASE', 'metrics': {'loss': 0.41}, 'weight': 600}
          {'metrics': {'loss': 4.1e-1}, 'gradient': FLAT, 'weight': 6e2}
          """)
  void members_comeInAnyOrder(String body) {
    Model model = model("float32");
    String json = body.replace('\'', '"').replace("FLAT", FLAT).replace("BASE", model.base());
    assertRecorded(model, model.submit(0, "alice", json));
  }

  @Test
  void members_ofOctets_areQueryParameters() {
    Model model = model("float32");
    String query = "?metric.loss=0.41&base=%s&weight=600".formatted(model.base());
    assertRecorded(model, model.putOctets(update(0, "alice") + query, VALUES));
  }

  private static void assertRecorded(Model model, Reply reply) {
    assertThat(reply.is(201).json().path("weight").asDouble()).isEqualTo(600);
    model.awaitVersion(1);
    JsonNode record = model.get("/rounds/0").json();
    assertThat(record.path("total_weight").asDouble()).isEqualTo(600);
    assertThat(record.path("metrics").path("loss").asDouble()).isEqualTo(0.41);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // no hexadecimal bytes
        "{'__type__': 'NumpyVector', 'dump': {'w': {'__type__': 'np.ndarray', "
            + "'dump': ['0000803', 'f', [1]]}}}",
        "{'__type__': 'NumpyVector', 'dump': {'w': {'__type__': 'np.ndarray', "
            + "'dump': ['0000803g', 'f', [1]]}}}",
        // not of the described form
        "{'__type__': 'NumpyVector', 'dump': {'w': {'__type__': 'np.ndarray', "
            + "'dump': ['0000803f', 'f']}}}",
        "{'__type__': 'NumpyVector', 'dump': [1]}",
        "{'__type__': 'NumpyVector'}"
      })
  void packedVectors_ofNoDescribedForm_areMalformed(String gradient) {
    Model model = Model.create("{\"tensors\": {\"w\": [1]}}");
    model
        .submit(0, "alice", "{\"gradient\": %s}".formatted(gradient.replace('\'', '"')))
        .problem(400, "malformed");
  }

  @Test
  void packedVectors_thatDoNotFit_areRefusedByTensor() {
    Model model = Model.create("{\"tensors\": {\"w\": [2], \"v\": [2]}}");
    String form = "{\"gradient\": {\"__type__\": \"NumpyVector\", \"dump\": {%s}}}";
    String w = "\"w\": " + packed(f4(1, 2), "f", "[2]");
    assertThat(
            model
                .submit(
                    0, "alice", form.formatted(w + ", \"v\": " + packed(f4(1, 2), "f", "[1, 2]")))
                .problem(422, "wrong-shape")
                .path("tensor")
                .asString())
        .isEqualTo("v");
    assertThat(
            model
                .submit(0, "alice", form.formatted(w))
                .problem(422, "wrong-shape")
                .path("tensor")
                .asString())
        .isEqualTo("v");
    JsonNode notFinite =
        model
            .submit(
                0, "alice", form.formatted(w + ", \"v\": " + packed(f4(1, Double.NaN), "f", "[2]")))
            .problem(422, "not-finite");
    assertThat(notFinite.path("tensor").asString()).isEqualTo("v");
    assertThat(notFinite.path("index").asInt()).isEqualTo(3);
  }

  /** Decimal to double to float, as NumPy does: one decimal that a direct reading gets wrong. */
  @Test
  void numbersOfJson_areReadAsTheNearestDoubleFirst() {
    Model model = Model.create(Model.PLAIN);
    // just above the middle of 1 and the next float: as a double it is the middle, which goes to 1
    String decimal = "1.00000005960464477539062500000000001";
    assertThat(Float.parseFloat(decimal)).isNotEqualTo((float) Double.parseDouble(decimal));
    model.advance("[%s, -%s, 0.1]".formatted(decimal, decimal));
    assertThat(model.get("/versions/1/gradient").body()).isEqualTo(f4(1, -1, 0.1));
  }

  @ParameterizedTest
  @CsvSource({"float32, 1", "float64, 2"})
  void numbersInJson_readBackToTheSameBits(String dtype, long seed) {
    int count = 500;
    var random = new Random(seed);
    double[] values =
        DoubleStream.generate(() ->
                dtype.equals("float32")
                    ? Float.intBitsToFloat(random.nextInt())
                    : Double.longBitsToDouble(random.nextLong()))
            .filter(Double::isFinite)
            .limit(count)
            .toArray();
    String spec = "{\"tensors\": {\"w\": [%s]}, \"dtype\": \"%s\"}".formatted(count, dtype);
    Model model = Model.create(spec);
    byte[] bytes = dtype.equals("float32") ? f4(values) : f8(values);
    model.putOctets("/weights", bytes).is(200);

    String text = model.get("/weights", Http.ACCEPT_JSON).is(200).text();
    String array = text.substring(text.indexOf('['), text.lastIndexOf(']') + 1);
    Model copy = Model.create(spec);
    copy.putJson("/weights", "{\"weights\": %s}".formatted(array)).is(200);
    assertThat(copy.weights()).isEqualTo(bytes);
  }

  // --- means

  @ParameterizedTest
  @ValueSource(strings = {"float32", "float64"})
  void mean_thatIsZero_isNegativeOnlyIfAllValuesAre(String dtype) {
    Model model =
        Model.create(
            """
            {"tensors": {"w": [3]}, "dtype": "%s", "optimizer": {"lrate": 1, "modules": []},
             "round": {"min_updates": 2}}\
            """
                .formatted(dtype));
    model.submit(0, "alice", "{\"gradient\": [-0.0, -0.0, 1]}").is(201);
    model.submit(0, "bob", "{\"gradient\": [-0.0, 0.0, -1]}").is(201);
    model.awaitVersion(1);
    assertThat(Vectors.values(model.get("/versions/1/gradient").body(), dtype))
        .containsExactly(-0.0, 0.0, 0.0);
  }

  @Test
  void mean_isWeightedUnlessTheAggregatorSaysOtherwise() {
    for (boolean weighted : new boolean[] {true, false}) {
      Model model =
          Model.create(
              """
              {"tensors": {"w": [1]}, "optimizer": {"lrate": 1, "modules": []},
               "aggregator": ["averaging", {"steps_weighted": %s}], "round": {"min_updates": 2}}\
              """
                  .formatted(weighted));
      model.submit(0, "alice", "{\"gradient\": [1], \"weight\": 3}").is(201);
      model.submit(0, "bob", "{\"gradient\": [5], \"weight\": 1}").is(201);
      model.awaitVersion(1);
      assertThat(model.weights()).isEqualTo(f4(weighted ? -2 : -3));
      assertThat(model.get("/rounds/0").json().path("total_weight").asDouble()).isEqualTo(4);
    }
  }

  @Test
  void weightDecay_isDecoupledFromTheLearningRate() {
    Model model =
        Model.create(
            """
            {"tensors": {"w": [2]}, "optimizer": {"lrate": 0.5, "w_decay": 0.25, "modules": []}}\
            """);
    model.putOctets("/weights", f4(8, -4)).is(200);
    model.advance("[2, 2]");
    assertThat(model.weights()).isEqualTo(f4(8 - (1 + 2), -4 - (1 - 1)));
  }
}
