package io.fedstep.store;

import io.fedstep.codec.CheckedLine;
import io.fedstep.codec.Json;
import io.fedstep.codec.LedgerCodec;
import io.fedstep.privacy.Standing;
import java.nio.file.Path;
import tools.jackson.databind.node.ObjectNode;

/** The file {@code privacy.json} of a private model's version: what it carries along. */
final class LedgerFile {
  static final String NAME = "privacy.json";

  private static final int FORMAT = 1;

  private LedgerFile() {}

  /** Writes it into a draft's folder, durably. */
  static void write(Disk disk, Path folder, Standing standing) {
    ObjectNode json = Json.object().put("format", FORMAT);
    json.setAll(LedgerCodec.write(standing));
    disk.writeForced(folder.resolve(NAME), CheckedLine.encode(json));
  }

  /** Reads that of a version's folder. */
  static Standing read(Disk disk, Path folder) {
    Path file = folder.resolve(NAME);
    return Document.read(
        disk,
        file,
        json -> {
          Document.checkFormat(file, json, FORMAT);
          return LedgerCodec.read(json);
        });
  }
}
