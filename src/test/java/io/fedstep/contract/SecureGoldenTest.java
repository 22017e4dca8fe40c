package io.fedstep.contract;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.CheckedLine;
import io.fedstep.codec.Json;
import io.fedstep.codec.SpecCodec;
import io.fedstep.codec.VectorIntake;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Limits;
import io.fedstep.coordinator.Listener;
import io.fedstep.local.FakeClock;
import io.fedstep.local.LocalCoordinator;
import io.fedstep.model.ModelSpec;
import io.fedstep.secure.Goldens;
import io.fedstep.store.DataFolder;
import io.fedstep.store.Unforced;
import io.fedstep.store.VersionDraft;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Whole secure rounds of the reference through HTTP, byte for byte. */
class SecureGoldenTest {
  private static final Limits LIMITS = new Limits(3, 5, 1000, 10, 100, 100, 100, 1);
  private static final String MASKED = "Content-Type: application/vnd.fedstep.masked";

  private static Server server;

  static Stream<String> rounds() {
    return Goldens.rounds();
  }

  @BeforeAll
  static void start(@TempDir Path data) throws IOException {
    for (String name : rounds().toList()) {
      prepare(Goldens.read(name), data);
    }
    server = Server.start(data);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @ParameterizedTest
  @MethodSource("rounds")
  void round_isThatOfTheReference(String name) {
    JsonNode golden = Goldens.read(name);
    var model = new Model(server.http(), golden.required("model").stringValue());
    assertThat(model.json("secure")).isEqualTo(golden.required("spec").required("secure"));
    assertThat(model.base()).isEqualTo(golden.required("base").stringValue());
    long round = golden.required("round").longValue();
    for (JsonNode request : golden.required("requests")) {
      run(model, request);
    }
    model.awaitVersion(round + 1);
    assertThat(model.weights()).isEqualTo(Goldens.hex(golden, "weights_out"));
    JsonNode record = model.get("/rounds/" + round).is(200).json();
    check(golden.required("record"), record);
    assertThat(model.current().path("phase").asString()).isEqualTo("joining");
  }

  private static void check(JsonNode expected, JsonNode record) {
    for (var member : expected.properties()) {
      JsonNode value = record.required(member.getKey());
      if (member.getKey().equals("clients")) {
        for (int i = 0; i < member.getValue().size(); i++) {
          JsonNode client = member.getValue().get(i);
          assertThat(like(client, value.get(i))).isEqualTo(client);
        }
        assertThat(value.size()).isEqualTo(member.getValue().size());
      } else if (value.isNumber()) {
        assertThat(value.doubleValue())
            .as(member.getKey())
            .isEqualTo(member.getValue().doubleValue());
      } else {
        assertThat(value).as(member.getKey()).isEqualTo(member.getValue());
      }
    }
  }

  private static void run(Model model, JsonNode request) {
    String path = request.required("path").stringValue();
    boolean isPut = request.required("method").stringValue().equals("PUT");
    endStage(model, path);
    Reply reply = isPut ? put(model, path, request) : model.http().get(path + "?wait=10s");
    JsonNode expected = request.required("answer");
    JsonNode answer = reply.is(request.required("status").intValue()).json();
    assertThat(like(expected, answer)).as(path).isEqualTo(expected);
    if (isPut && !path.contains("/unmasking/")) {
      assertThat(put(model, path, request).is(200).json()).isEqualTo(answer);
    }
  }

  /** An answer without what the reference does not know. */
  private static JsonNode like(JsonNode expected, JsonNode answer) {
    return expected instanceof ObjectNode object && answer instanceof ObjectNode
        ? ((ObjectNode) answer.deepCopy()).retain(object.propertyNames())
        : answer;
  }

  private static Reply put(Model model, String path, JsonNode request) {
    return request.has("bytes")
        ? model
            .http()
            .put(
                path,
                Base64.getUrlDecoder().decode(request.required("bytes").stringValue()),
                MASKED)
        : model.http().putJson(path, request.required("body").toString());
  }

  /** What only a deadline would end, for want of members, is ended by hand. */
  private static void endStage(Model model, String path) {
    String phase = model.current().path("phase").asString();
    boolean isDue =
        (path.endsWith("/roster") && phase.equals("joining"))
            || (isGet(path, "shares") && phase.equals("sharing"))
            || (path.contains("/updates/") && phase.equals("sharing"))
            || (path.contains("/unmasking/") && phase.equals("collecting"));
    if (isDue) {
      model.post("/rounds/current/close").is(200);
    }
  }

  private static boolean isGet(String path, String what) {
    return path.contains("/" + what + "/") && !path.contains("?");
  }

  // --- a model at the round of the reference

  private static void prepare(JsonNode golden, Path data) throws IOException {
    String model = golden.required("model").stringValue();
    String base = golden.required("base").stringValue();
    ObjectNode asked = (ObjectNode) golden.required("spec").deepCopy();
    ((ObjectNode) asked.required("secure")).remove("fraction_bits");
    ModelSpec spec =
        SpecCodec.read(Json.readObject(new ByteArrayInputStream(asked.toString().getBytes(UTF_8))));
    try (Coordinator coordinator =
        new LocalCoordinator(
            new DataFolder(Unforced.disk(), data),
            LIMITS,
            new FakeClock(),
            () -> base.replaceFirst("-.*", ""),
            Listener.NONE)) {
      coordinator.create(model, spec);
      try (VersionDraft draft = coordinator.changes(model).beginWeights();
          var intake = new VectorIntake(spec.layout(), spec.dtype(), draft.newWeights())) {
        intake.readOctets(new ByteArrayInputStream(Goldens.hex(golden, "weights")));
        var _ = intake.finish();
        coordinator.changes(model).setWeights(draft);
      }
    }
    renumber(data.resolve("models").resolve(model), base, golden.required("round").longValue());
  }

  /** Has version 0 be another one, with the tag of the reference; nothing before it is kept. */
  private static void renumber(Path model, String base, long version) throws IOException {
    String tag = base.replaceFirst("-.*", "-0w"); // of weights that are set
    try (Stream<Path> files = Files.walk(model)) {
      for (Path file : files.filter(one -> one.toString().matches(".*[.]jsonl?")).toList()) {
        var lines = new ByteArrayOutputStream();
        for (String line : Files.readString(file).split("(?<=\n)", 0)) {
          ObjectNode entry = CheckedLine.decode(line.getBytes(UTF_8));
          lines.writeBytes(
              entry == null
                  ? line.getBytes(UTF_8) // a state, which names no version
                  : CheckedLine.encode(renumbered(entry, version, tag, base)));
        }
        Files.write(file, lines.toByteArray());
      }
    }
    for (String folder : List.of("versions", "open")) {
      Path first = model.resolve(folder).resolve("0000000");
      if (Files.exists(first)) {
        Files.move(first, first.resolveSibling(String.format(Locale.ROOT, "%07d", version)));
      }
    }
  }

  private static ObjectNode renumbered(ObjectNode entry, long version, String tag, String base) {
    var renumbered = (ObjectNode) Reply.json(entry.toString().replace(tag, base));
    for (String name : List.of("version", "round")) {
      if (renumbered.path(name).isIntegralNumber()) {
        renumbered.put(name, version);
      }
    }
    return renumbered;
  }
}
