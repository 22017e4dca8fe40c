package io.fedstep.codec;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.fedstep.model.ModelSpec;
import io.fedstep.optim.Tally;
import io.fedstep.problem.RefusedException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.concurrent.Callable;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.databind.node.ObjectNode;

/**
 * Every decoder of what clients send, on any bytes: it takes them or refuses them by a problem of
 * the client's, and writes nowhere but to its own place. {@code JAZZER_FUZZ=1 mvn test
 * -Djazzer.hooks=true -Dtest=DecodersFuzzTest#spec} looks for inputs; what it finds is kept beside
 * the resources.
 */
class DecodersFuzzTest {
  private static final ModelSpec SPEC =
      spec(
          """
          {"tensors": {"w": [2, 3], "b": []}, "dtype": "float32",
           "optimizer": {"lrate": 1.0, "modules": ["adam", "momentum"]}}\
          """);
  private static final ModelSpec PLAIN =
      spec("{\"tensors\": {\"t0\": [2], \"t1\": [1]}, \"dtype\": \"float64\"}");

  private static ModelSpec spec(String json) {
    return SpecCodec.read(Json.readObject(in(json.getBytes(UTF_8))));
  }

  private static InputStream in(byte[] bytes) {
    return new ByteArrayInputStream(bytes);
  }

  /** Runs a decoder that may refuse. */
  private static void decode(Callable<?> decoder) throws Exception {
    try {
      decoder.call();
    } catch (RefusedException e) {
      assertThat(e.refusal().problem().status()).isBetween(400, 499);
      assertThat(e.refusal().detail()).isNotBlank();
    } catch (IOException | JacksonIOException e) {
      // a body that cannot be read: 400 malformed
    }
  }

  private static VectorIntake intake(ModelSpec spec) {
    return new VectorIntake(spec.layout(), spec.dtype(), new Buffer(spec.vectorBytes()));
  }

  @FuzzTest(maxDuration = "2m")
  void jsonUpdate(byte[] bytes) throws Exception {
    for (ModelSpec spec : List.of(SPEC, PLAIN)) {
      decode(() -> {
        VectorIntake intake = intake(spec);
        var parts = new UpdateMetadataBuilder();
        JsonBody.readUpdate(in(bytes), intake, parts);
        return List.of(parts.build(), intake.finish());
      });
    }
  }

  @FuzzTest(maxDuration = "2m")
  void jsonWeights(byte[] bytes) throws Exception {
    decode(() -> {
      VectorIntake intake = intake(SPEC);
      JsonBody.readWeights(in(bytes), intake);
      return intake.finish();
    });
  }

  @FuzzTest(maxDuration = "2m")
  void octets(byte[] bytes) throws Exception {
    decode(() -> {
      VectorIntake intake = intake(SPEC);
      intake.readOctets(in(bytes));
      return intake.finish();
    });
  }

  @FuzzTest(maxDuration = "2m")
  void npy(byte[] bytes) throws Exception {
    for (ModelSpec spec : List.of(SPEC, PLAIN)) {
      decode(() -> {
        VectorIntake intake = intake(spec);
        Npy.read(in(bytes), intake);
        return intake.finish();
      });
    }
  }

  @FuzzTest(maxDuration = "2m")
  void safetensors(byte[] bytes) throws Exception {
    for (ModelSpec spec : List.of(SPEC, PLAIN)) {
      decode(() -> {
        VectorIntake intake = intake(spec);
        Safetensors.read(in(bytes), intake);
        return intake.finish();
      });
    }
  }

  @FuzzTest(maxDuration = "2m")
  void encodedUpdate(byte[] bytes) throws Exception {
    for (ModelSpec spec : List.of(SPEC, PLAIN)) {
      decode(() -> {
        var intake = VectorIntake.ofUpdate(spec, new Buffer(spec.vectorBytes()), true);
        Safetensors.read(in(bytes), intake);
        return intake.finish();
      });
    }
  }

  @FuzzTest(maxDuration = "2m")
  void state(byte[] bytes) throws Exception {
    for (ModelSpec spec : List.of(SPEC, PLAIN)) {
      decode(() -> {
        var document = new StateDocument(spec, Tally.none(spec.optimizer().modules()));
        var file = new Buffer(document.length());
        document.writeText(file::write);
        return StateBody.read(in(bytes), spec, new StateValues(document, file::write));
      });
    }
  }

  @FuzzTest(maxDuration = "2m")
  void spec(byte[] bytes) throws Exception {
    decode(() -> {
      ModelSpec spec = SpecCodec.read(Json.readObject(in(bytes)));
      ObjectNode written = SpecCodec.write(spec);
      assertThat(SpecCodec.read(written)).as("what was written of %s", written).isEqualTo(spec);
      return spec;
    });
  }

  @FuzzTest(maxDuration = "2m")
  void policy(byte[] bytes) throws Exception {
    decode(() -> {
      var policy = PolicyCodec.read(Json.readObject(in(bytes)), "round");
      assertThat(PolicyCodec.read(PolicyCodec.write(policy), "round")).isEqualTo(policy);
      return policy;
    });
  }

  @FuzzTest(maxDuration = "2m")
  void optimizer(byte[] bytes) throws Exception {
    decode(() -> {
      var optimizer = OptimizerCodec.read(Json.readObject(in(bytes)), "optimizer");
      assertThat(OptimizerCodec.read(OptimizerCodec.write(optimizer), "optimizer"))
          .isEqualTo(optimizer);
      return optimizer;
    });
  }

  @FuzzTest(maxDuration = "2m")
  void report(byte[] bytes) throws Exception {
    decode(() -> UpdateMetadataBuilder.ofReport(in(bytes)).build());
  }

  @FuzzTest(maxDuration = "2m")
  void line(byte[] bytes) {
    ObjectNode entry = CheckedLine.decode(bytes);
    if (entry != null) {
      assertThat(CheckedLine.decode(CheckedLine.encode(entry))).isEqualTo(entry);
    }
  }
}
