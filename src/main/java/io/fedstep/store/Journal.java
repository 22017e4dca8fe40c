package io.fedstep.store;

import io.fedstep.codec.CheckedLine;
import io.fedstep.codec.Json;
import io.fedstep.codec.RecordCodec;
import io.fedstep.model.ModelSpec;
import io.fedstep.round.Decision;
import io.fedstep.round.Round;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * The decisions of the open round in the order in which they were taken, a checked line each. A
 * last line without its end was torn by a crash and is cut off; any other bad line is corruption.
 */
public final class Journal implements AutoCloseable {
  private static final int FORMAT = 1;

  private final RoundFile file;
  private long end;

  private Journal(RoundFile file, long end) {
    this.file = file;
    this.end = end;
  }

  /** A new journal whose first line says which round this is; forced, its folder is not. */
  static Journal create(Path path, String model, ModelSpec spec, Round round) {
    byte[] first =
        CheckedLine.encode(
            Json.object()
                .put("format", FORMAT)
                .put("model", model)
                .put("dtype", spec.dtype().label())
                .put("row_bytes", spec.vectorBytes())
                .put("round", round.number())
                .put("base", round.base())
                .put("opened_at", RecordCodec.time(round.openedAt())));
    Disk.writeForced(path, first);
    return new Journal(new RoundFile(path), first.length);
  }

  /** What a journal held. */
  record Replayed(Journal journal, Round round) {}

  /** Opens the journal of an open round and replays it, or null where it has no first line. */
  static @Nullable Replayed open(Path path, ModelSpec spec) {
    byte[] bytes = Disk.bytes(path);
    List<ObjectNode> entries = new ArrayList<>();
    int end = 0;
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == '\n') {
        ObjectNode entry = CheckedLine.decode(Arrays.copyOfRange(bytes, end, i + 1));
        if (entry == null) {
          throw new CorruptionException(
              path,
              "a line of JSON that matches its crc32c at byte %d".formatted(end),
              "another line (%d bytes)".formatted(i + 1 - end));
        }
        entries.add(entry);
        end = i + 1;
      }
    }
    checkTorn(path, bytes, end);
    if (entries.isEmpty()) {
      return null;
    }
    Round round = begin(path, spec, entries.getFirst());
    try {
      entries.stream().skip(1).map(RecordCodec::readDecision).forEach(round::apply);
    } catch (IllegalStateException e) {
      throw new CorruptionException(path, "decisions that follow each other", e.toString());
    }
    var journal = new Journal(new RoundFile(path), end);
    journal.file.truncate(end);
    journal.force(); // what was read may so far be in memory only, and is answered from now on
    return new Replayed(journal, round);
  }

  /** What is behind the last whole line has to be the begin of a line, not a line gone bad. */
  private static void checkTorn(Path path, byte[] bytes, int from) {
    byte[] rest = Arrays.copyOfRange(bytes, from, bytes.length);
    if (rest.length > 0) {
      rest[rest.length - 1] = '\n';
      if (CheckedLine.decode(rest) != null) {
        throw new CorruptionException(
            path, "a newline at byte %d".formatted(bytes.length - 1), "another character");
      }
    }
  }

  private static Round begin(Path path, ModelSpec spec, ObjectNode first) {
    if (first.path("format").asInt(0) != FORMAT) {
      throw new CorruptionException(path, "format " + FORMAT, first.path("format").toString());
    }
    if (first.path("row_bytes").asLong(0) != spec.vectorBytes()) {
      throw new CorruptionException(
          path,
          "rows of %d bytes".formatted(spec.vectorBytes()),
          first.path("row_bytes").toString());
    }
    return new Round(
        first.required("round").longValue(),
        first.required("base").stringValue(),
        RecordCodec.time(first.required("opened_at")));
  }

  /** Appends decisions, all or none; they are durable after the next {@link #force}. */
  void append(List<Decision> decisions) {
    var lines = new ByteArrayOutputStream();
    decisions.forEach(one -> lines.writeBytes(CheckedLine.encode(RecordCodec.write(one))));
    file.channel(); // where it cannot be opened, there is nothing to undo
    try {
      file.write(end, ByteBuffer.wrap(lines.toByteArray()));
    } catch (StorageException e) {
      file.truncate(end);
      throw e;
    }
    end += lines.size();
  }

  void rename(Path to) {
    file.rename(to);
  }

  /** Makes every decision durable that was appended. */
  public void force() {
    file.force();
    file.rest();
  }

  @Override
  public void close() {
    file.close();
  }
}
