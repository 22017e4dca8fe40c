package io.fedstep.store;

import io.fedstep.codec.DecisionCodec;
import io.fedstep.codec.Json;
import io.fedstep.codec.RecordCodec;
import io.fedstep.round.Course;
import io.fedstep.round.Decision;
import io.fedstep.round.Protocol;
import io.fedstep.round.Round;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The decisions of the open round in their order, a checked line each. */
public final class Journal implements AutoCloseable {
  /** With the stages of a round that has several. */
  private static final int FORMAT = 4;

  /** What is still written for rounds of one stage, which an earlier release can read. */
  private static final int FORMAT_OF_ONE_STAGE = 3;

  /** Without deadlines that passed. */
  private static final int FORMAT_WITHOUT_PASSED = 2;

  /** Without {@code row_stride}: rows follow one another without gaps. */
  private static final int FORMAT_WITHOUT_STRIDE = 1;

  private static final String STRIDE = "row_stride";
  private static final String STAGES = "stages";
  private static final String ROWS = "stage_of_rows";

  private final LineFile lines;

  private Journal(LineFile lines) {
    this.lines = lines;
  }

  /** A new journal whose first line says which round this is; there durably or not at all. */
  static Journal create(Disk disk, Path path, String model, RowLayout rows, Round round) {
    Course course = round.course();
    boolean isPlain = course.equals(Course.PLAIN);
    ObjectNode first =
        Json.object()
            .put("format", isPlain ? FORMAT_OF_ONE_STAGE : FORMAT)
            .put("model", model)
            .put("dtype", rows.format().label())
            .put("row_bytes", rows.rowBytes())
            .put(STRIDE, rows.stride())
            .put("round", round.number())
            .put("base", round.base())
            .put("opened_at", RecordCodec.time(round.openedAt()));
    if (!isPlain) {
      course.stages().forEach(first.putArray(STAGES)::add);
      first.put(ROWS, course.stages().get(course.rows()));
    }
    return new Journal(LineFile.create(disk, path, List.of(first)));
  }

  /** A journal, the round that it held, and the bytes from row to row of the round's matrix. */
  record Replayed(Journal journal, Round round, long stride) {}

  /** Opens the journal of an open round and replays it. */
  static Replayed open(Disk disk, Path path, Protocol protocol) {
    var replay = new Replay(path, protocol);
    LineFile.Found found =
        LineFile.open(disk, path, entry -> Document.decoded(path, () -> replay.apply(entry)));
    return new Replayed(
        new Journal(found.file()), Objects.requireNonNull(replay.round), replay.stride);
  }

  /** The round as far as its journal is read. */
  private static final class Replay {
    private final Path path;
    private final Protocol protocol;
    private @Nullable Round round;
    private long stride;

    Replay(Path path, Protocol protocol) {
      this.path = path;
      this.protocol = protocol;
    }

    Round apply(ObjectNode entry) {
      if (round == null) {
        stride = stride(path, protocol.row().bytes(), entry);
        round = begin(path, protocol, entry);
      } else {
        round.apply(DecisionCodec.read(entry));
      }
      return round;
    }
  }

  private static long stride(Path path, long rowBytes, ObjectNode first) {
    int format = first.path("format").asInt(0);
    if (format == FORMAT_WITHOUT_STRIDE && !first.has(STRIDE)) {
      return rowBytes;
    }
    if (format != FORMAT_WITHOUT_PASSED && format != FORMAT_OF_ONE_STAGE) {
      Document.checkFormat(path, first, FORMAT);
    }
    long stride = first.required(STRIDE).longValue();
    if (stride < rowBytes) {
      throw new CorruptionException(
          path, "at least %s bytes a row".formatted(rowBytes), Long.toString(stride));
    }
    return stride;
  }

  private static Round begin(Path path, Protocol protocol, ObjectNode first) {
    long rowBytes = protocol.row().bytes();
    if (first.path("row_bytes").asLong(0) != rowBytes) {
      throw new CorruptionException(
          path, "rows of %s bytes".formatted(rowBytes), first.path("row_bytes").toString());
    }
    Course course = course(first);
    if (!course.stages().equals(protocol.course().stages())
        || course.rows() != protocol.course().rows()) {
      throw new CorruptionException(
          path, "a round of " + protocol.course().stages(), course.stages().toString());
    }
    return new Round(
        protocol.course(),
        first.required("round").longValue(),
        Json.text(first.required("base")),
        RecordCodec.time(first.required("opened_at")));
  }

  private static Course course(ObjectNode first) {
    JsonNode stages = first.get(STAGES);
    if (stages == null) {
      return Course.PLAIN;
    }
    var names = new ArrayList<String>();
    stages.forEach(stage -> names.add(Json.text(stage)));
    return new Course(names, names.indexOf(Json.text(first.required(ROWS))));
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
    lines.append(decisions.stream().map(DecisionCodec::write).toList());
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
