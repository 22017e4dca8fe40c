package io.fedstep.contract;

import static io.fedstep.contract.Vectors.bytes;
import static io.fedstep.contract.Vectors.f4;
import static io.fedstep.contract.Vectors.hex;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import io.fedstep.client.Control;
import io.fedstep.client.CorrectedStep;
import io.fedstep.client.Encoding;
import io.fedstep.client.Fedstep;
import io.fedstep.client.LocalStep;
import io.fedstep.client.Participation;
import io.fedstep.client.RefusedByServer;
import io.fedstep.client.RemoteModel;
import io.fedstep.client.Scaffold;
import io.fedstep.client.Update;
import io.fedstep.client.Weights;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Controls that the Java client keeps by itself. */
@OneMachine("several machines refuse scaffold-server")
class JavaControlsTest {
  private final URI server = URI.create("http://127.0.0.1:" + Server.shared().http().port());

  private RemoteModel remote(Model model) {
    return Fedstep.at(server).model(model.name());
  }

  /** What a client has saved; each of its rounds is another process. */
  private static final class Memory {
    private byte[] saved = new byte[0];

    private Scaffold scaffold() throws IOException {
      return saved.length == 0
          ? Scaffold.savedBy(controls -> saved = controls)
          : Scaffold.savedBy(controls -> saved = controls, saved);
    }
  }

  private static Stream<JsonNode> goldens() {
    return ScaffoldTest.goldens();
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void controls_areTheReferences(JsonNode golden) throws Exception {
    JsonNode spec = golden.required("spec");
    Model model = Model.create(spec.toString());
    RemoteModel remote = remote(model);
    remote.setWeights(bytes(golden.required("weights").stringValue()));
    var memories = new HashMap<String, Memory>();
    int version = 0;
    for (JsonNode round : golden.required("rounds").values()) {
      Weights base = remote.version(version);
      for (Map.Entry<String, JsonNode> entry : round.required("updates").properties()) {
        String client = entry.getKey();
        JsonNode update = entry.getValue();
        if (update.required("control").asString().equals("lost")) {
          memories.remove(client);
        }
        Memory memory = memories.computeIfAbsent(client, _ -> new Memory());
        byte[] expected = correction(spec, round.required("control"), update);
        Update sent =
            new Update(
                    bytes(update.required("row").stringValue()),
                    update.required("weight").doubleValue(),
                    Map.of())
                .localRate(update.required("local_rate").doubleValue());
        LocalStep step =
            memory
                .scaffold()
                .step(
                    remote,
                    client,
                    (_, correction) -> {
                      assertThat(hex(correction.bytes())).isEqualTo(hex(expected));
                      return sent;
                    });
        remote.submit(client, base, Objects.requireNonNull(step.run(base)));
        assertThat(hex(memory.saved)).endsWith(update.required("control_after").stringValue());
        assertThat(memory.scaffold().step(remote, client, neverRun()).run(base)).isNull();
      }
      model.awaitVersion(++version);
      assertThat(new String(remote.optimizerState(), UTF_8))
          .isEqualTo(round.required("state").stringValue());
    }
    assertThat(version).isEqualTo(6);
  }

  private static CorrectedStep neverRun() {
    return (_, _) -> {
      throw new AssertionError("trained once more for a round that has the client's update");
    };
  }

  /** The control of all minus the client's, zeros for tensors that are only averaged. */
  private static byte[] correction(JsonNode spec, JsonNode control, JsonNode update) {
    boolean isWide = spec.required("dtype").stringValue().equals("float64");
    ByteBuffer mean = little(bytes(control.stringValue()));
    ByteBuffer own = little(bytes(update.required("control_before").stringValue()));
    byte[] row = new byte[bytes(update.required("row").stringValue()).length];
    ByteBuffer whole = little(row);
    for (JsonNode tensor : spec.required("tensors").values()) {
      JsonNode shape = tensor.isArray() ? tensor : tensor.required("shape");
      long size = shape.valueStream().mapToLong(JsonNode::longValue).reduce(1, (a, b) -> a * b);
      for (int i = 0; i < size; i++) {
        if (isWide) {
          whole.putDouble(tensor.isArray() ? mean.getDouble() - own.getDouble() : 0);
        } else {
          whole.putFloat(tensor.isArray() ? mean.getFloat() - own.getFloat() : 0);
        }
      }
    }
    return row;
  }

  private static ByteBuffer little(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Test
  void encodedUpdates_keepAClientInStep() throws Exception {
    Model model =
        Model.create(ScaffoldTest.spec("").replace("\"w\": [2]", "\"w\": [100], \"b\": [3]"));
    RemoteModel remote = remote(model);
    var dice = new Random(5);
    Scaffold scaffold = Scaffold.inMemory();
    var memory = new float[1][];
    CorrectedStep train =
        (_, correction) -> {
          memory[0] = correction.floats();
          float[] moved = new float[103];
          for (int i = 0; i < moved.length; i++) {
            moved[i] = (float) dice.nextGaussian();
          }
          return Update.of(moved).localRate(0.5);
        };
    int version = 0;
    for (Encoding encoding : new Encoding[] {Encoding.INT8, Encoding.EDEN_4, Encoding.EDEN_1}) {
      remote.train(
          Participation.of("alice").forRounds(1).encoding(encoding),
          scaffold.step(remote, "alice", train));
      model.awaitVersion(++version);
      Control control = remote.control("alice");
      assertThat(control.round()).isEqualTo(version - 1);
      // the mean of the controls of one client is that client's, but for the last bit
      scaffold.step(remote, "alice", train).run(remote.newest());
      for (float left : memory[0]) {
        assertThat(left).isCloseTo(0, within(1e-5f));
      }
    }
  }

  @Test
  void whatTheServerDoesNotTake_isRefusedByIt() throws Exception {
    Model model = ScaffoldTest.model();
    RemoteModel remote = remote(model);
    var memory = new Memory();
    Update fine = Update.of(new float[] {0.5f, -1}).localRate(0.5);
    Map<String, Update> refused =
        Map.of(
            "unsupported-format", fine.encodedAs(Encoding.TOP_K),
            "wrong-length", Update.of(new float[] {1, 2, 3}).localRate(0.5),
            "not-finite", Update.of(new float[] {1, Float.NaN}).localRate(0.5),
            "bad-rate", fine.localRate(0),
            "bad-weight", fine.weighing(-1));
    refused.forEach((code, update) -> {
      var refusal =
          catchThrowableOfType(
              RefusedByServer.class,
              () ->
                  remote.train("alice", memory.scaffold().step(remote, "alice", (_, _) -> update)));
      assertThat(refusal).as(code).isNotNull();
      assertThat(refusal.code()).isEqualTo(code);
    });
    assertThatThrownBy(() ->
            remote.train(
                "alice",
                memory.scaffold().step(remote, "alice", (_, _) -> Update.of(new float[2]))))
        .hasMessageContaining("no local rate");
    remote.train(
        Participation.of("alice").forRounds(1),
        memory.scaffold().step(remote, "alice", (_, _) -> fine));
    assertThat(hex(memory.saved)).endsWith(hex(f4(1, -2)));
  }

  @Test
  void lostControls_beginAnew_andOthersAreNotTaken() throws Exception {
    Model model = ScaffoldTest.model();
    RemoteModel remote = remote(model);
    var memory = new Memory();
    Update update = Update.of(new float[] {0.5f, -1}).localRate(0.5);
    remote.train(
        Participation.of("alice").forRounds(1),
        memory.scaffold().step(remote, "alice", (_, _) -> update));
    model.awaitVersion(1);
    remote.train(
        Participation.of("alice").forRounds(1),
        Scaffold.inMemory().step(remote, "alice", (_, _) -> update));
    model.awaitVersion(2);
    assertThat(remote.control("alice").round()).isNull();
    assertThat(remote.control("alice").bytes()).isEqualTo(f4(0, 0));
    assertThatThrownBy(() -> memory.scaffold().step(remote, "bob", (_, _) -> update))
        .hasMessageContaining("client 'alice'");
    for (byte[] wrong : new byte[][] {{}, {1}, "{\"a\": 1}".getBytes(UTF_8), new byte[16]}) {
      assertThatThrownBy(() -> Scaffold.savedBy(_ -> {}, wrong)).isInstanceOf(IOException.class);
    }
  }
}
