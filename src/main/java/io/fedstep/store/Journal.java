package io.fedstep.store;

import io.fedstep.codec.Json;
import io.fedstep.codec.RecordCodec;
import io.fedstep.model.ModelSpec;
import io.fedstep.round.Decision;
import io.fedstep.round.Round;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** The decisions of the open round in their order, a checked line each. */
public final class Journal implements AutoCloseable {
  private static final int FORMAT = 3;

  /** Without deadlines that passed. */
  private static final int FORMAT_WITHOUT_PASSED = 2;

  /** Without {@code row_stride}: rows follow one another without gaps. */
  private static final int FORMAT_WITHOUT_STRIDE = 1;

  private static final String STRIDE = "row_stride";

  private final LineFile lines;

  private Journal(LineFile lines) {
    this.lines = lines;
  }

  /** A new journal whose first line says which round this is; there durably or not at all. */
  static Journal create(
      Disk disk, Path path, String model, ModelSpec spec, Round round, long stride) {
    ObjectNode first =
        Json.object()
            .put("format", FORMAT)
            .put("model", model)
            .put("dtype", spec.dtype().label())
            .put("row_bytes", spec.vectorBytes())
            .put(STRIDE, stride)
            .put("round", round.number())
            .put("base", round.base())
            .put("opened_at", RecordCodec.time(round.openedAt()));
    return new Journal(LineFile.create(disk, path, List.of(first)));
  }

  /** A journal, the round that it held, and the bytes from row to row of the round's matrix. */
  record Replayed(Journal journal, Round round, long stride) {}

  /** Opens the journal of an open round and replays it. */
  static Replayed open(Disk disk, Path path, ModelSpec spec) {
    var replay = new Replay(path, spec);
    LineFile.Found found =
        LineFile.open(disk, path, entry -> Document.decoded(path, () -> replay.apply(entry)));
    return new Replayed(
        new Journal(found.file()), Objects.requireNonNull(replay.round), replay.stride);
  }

  /** The round as far as its journal is read. */
  private static final class Replay {
    private final Path path;
    private final ModelSpec spec;
    private @Nullable Round round;
    private long stride;

    Replay(Path path, ModelSpec spec) {
      this.path = path;
      this.spec = spec;
    }

    Round apply(ObjectNode entry) {
      if (round == null) {
        stride = stride(path, spec, entry);
        round = begin(path, spec, entry);
      } else {
        round.apply(RecordCodec.readDecision(entry));
      }
      return round;
    }
  }

  private static long stride(Path path, ModelSpec spec, ObjectNode first) {
    if (first.path("format").asInt(0) == FORMAT_WITHOUT_STRIDE && !first.has(STRIDE)) {
      return spec.vectorBytes();
    }
    if (first.path("format").asInt(0) != FORMAT_WITHOUT_PASSED) {
      Document.checkFormat(path, first, FORMAT);
    }
    long stride = first.required(STRIDE).longValue();
    if (stride < spec.vectorBytes()) {
      throw new CorruptionException(
          path, "at least %s bytes a row".formatted(spec.vectorBytes()), Long.toString(stride));
    }
    return stride;
  }

  private static Round begin(Path path, ModelSpec spec, ObjectNode first) {
    if (first.path("row_bytes").asLong(0) != spec.vectorBytes()) {
      throw new CorruptionException(
          path,
          "rows of %s bytes".formatted(spec.vectorBytes()),
          first.path("row_bytes").toString());
    }
    return new Round(
        first.required("round").longValue(),
        Json.text(first.required("base")),
        RecordCodec.time(first.required("opened_at")));
  }

  /** Whether a journal has its first line; earlier releases could crash before it was written. */
  static boolean isBegun(Disk disk, Path path) {
    LineFile.Found found = LineFile.openIfBegun(disk, path, _ -> {});
    if (found != null) {
      found.file().close();
    }
    return found != null;
  }

  /** How many decisions a journal has. */
  static int decisions(Disk disk, Path path) {
    LineFile.Found found = LineFile.open(disk, path, _ -> {});
    found.file().close();
    return found.lines() - 1;
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
