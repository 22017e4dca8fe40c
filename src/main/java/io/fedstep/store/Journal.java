package io.fedstep.store;

import io.fedstep.codec.Json;
import io.fedstep.codec.RecordCodec;
import io.fedstep.model.ModelSpec;
import io.fedstep.round.Decision;
import io.fedstep.round.Round;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** The decisions of the open round in the order in which they were taken, a checked line each. */
public final class Journal implements AutoCloseable {
  private static final int FORMAT = 1;

  private final LineFile lines;

  private Journal(LineFile lines) {
    this.lines = lines;
  }

  /** A new journal whose first line says which round this is; forced, its folder is not. */
  static Journal create(Path path, String model, ModelSpec spec, Round round) {
    ObjectNode first =
        Json.object()
            .put("format", FORMAT)
            .put("model", model)
            .put("dtype", spec.dtype().label())
            .put("row_bytes", spec.vectorBytes())
            .put("round", round.number())
            .put("base", round.base())
            .put("opened_at", RecordCodec.time(round.openedAt()));
    return new Journal(LineFile.create(path, List.of(first)));
  }

  /** What a journal held. */
  record Replayed(Journal journal, Round round) {}

  /** Opens the journal of an open round and replays it, or null where it has no first line. */
  static @Nullable Replayed open(Path path, ModelSpec spec) {
    LineFile.Found found = LineFile.open(path);
    var journal = new Journal(found.file());
    if (found.entries().isEmpty()) {
      journal.close();
      return null;
    }
    return new Replayed(journal, Disk.decoded(path, () -> replay(path, spec, found.entries())));
  }

  private static Round replay(Path path, ModelSpec spec, List<ObjectNode> entries) {
    Round round = begin(path, spec, entries.getFirst());
    entries.stream().skip(1).map(RecordCodec::readDecision).forEach(round::apply);
    return round;
  }

  private static Round begin(Path path, ModelSpec spec, ObjectNode first) {
    Disk.checkFormat(path, first, FORMAT);
    if (first.path("row_bytes").asLong(0) != spec.vectorBytes()) {
      throw new CorruptionException(
          path,
          "rows of %d bytes".formatted(spec.vectorBytes()),
          first.path("row_bytes").toString());
    }
    return new Round(
        first.required("round").longValue(),
        Json.text(first.required("base")),
        RecordCodec.time(first.required("opened_at")));
  }

  /** Appends decisions, all or none; they are durable after the next {@link #force}. */
  void append(List<Decision> decisions) {
    lines.append(decisions.stream().map(RecordCodec::write).toList());
  }

  void rename(Path to) {
    lines.rename(to);
  }

  /** Makes every decision durable that was appended. */
  public void force() {
    lines.force();
  }

  @Override
  public void close() {
    lines.close();
  }
}
