package io.fedstep.store;

import io.fedstep.codec.Json;
import io.fedstep.codec.RecordCodec;
import io.fedstep.round.ControlRounds;
import io.fedstep.round.RoundRecord;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** The document of a version: its description, its round's record, whose controls its state has. */
final class VersionDocument {
  /** Of files whose vectors have no metadata before them. */
  static final int BARE = 1;

  /** Of a version without controls. */
  static final int FORMAT = 2;

  /** Of one that says of which round each client's control is. */
  static final int WITH_CONTROLS = 3;

  private static final String CONTROLS = "controls";
  private static final String ROUND = "round";

  private VersionDocument() {}

  static ObjectNode write(
      String model,
      VersionInfo info,
      @Nullable ControlRounds controls,
      Map<String, FileSum> files,
      @Nullable RoundRecord round) {
    ObjectNode json = Json.object().put("format", controls == null ? FORMAT : WITH_CONTROLS);
    json.setAll(info.write());
    if (controls != null) {
      ObjectNode rounds = json.putObject(CONTROLS);
      controls.byClient().forEach((client, number) -> rounds.put(client, (long) number));
    }
    json.set("files", FileSum.write(files));
    if (round != null) {
      json.set(ROUND, RecordCodec.write(model, round));
    }
    return json;
  }

  static VersionInfo info(Path document, ObjectNode json) {
    if (json.path("format").asInt(0) != BARE) {
      Document.checkFormat(document, json, json.has(CONTROLS) ? WITH_CONTROLS : FORMAT);
    }
    return VersionInfo.of(json);
  }

  static ControlRounds controls(ObjectNode json) {
    var rounds = new TreeMap<String, Long>();
    json.required(CONTROLS)
        .properties()
        .forEach(entry -> rounds.put(entry.getKey(), entry.getValue().longValue()));
    return new ControlRounds(rounds);
  }

  static @Nullable RoundRecord round(ObjectNode json) {
    return json.has(ROUND) ? RecordCodec.read(json.required(ROUND)) : null;
  }
}
