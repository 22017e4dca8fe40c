package io.fedstep.store;

import io.fedstep.codec.Json;
import io.fedstep.codec.RecordCodec;
import io.fedstep.round.UpdateHeader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * What clients measured of one version: a checked line for each report, of which the last one of a
 * client counts. Reading is for every thread, changing for one.
 */
public final class Reports implements AutoCloseable {
  /** Clients whose reports of a version are kept. */
  public static final int MOST_CLIENTS = 100_000;

  private static final int FORMAT = 1;

  /** Lines beyond twice what counts, after which the file is written anew. */
  private static final int ROOM = 1000;

  private final Path path;
  private final Map<String, UpdateHeader> latest = new ConcurrentSkipListMap<>();
  private LineFile lines;
  private int written;

  private Reports(Path path, LineFile lines) {
    this.path = path;
    this.lines = lines;
  }

  /** The reports in a file, which is made if it is absent. */
  static Reports at(Path path) {
    if (!Disk.exists(path)) {
      LineFile fresh = LineFile.create(path, List.of(head()));
      Disk.forceFolder(path.resolveSibling("."));
      return new Reports(path, fresh);
    }
    LineFile.Found found = LineFile.open(path);
    var reports = new Reports(path, found.file());
    if (found.entries().isEmpty()) { // of a crash while it was made
      found.file().append(List.of(head()));
    } else {
      Disk.checkFormat(path, found.entries().getFirst(), FORMAT);
    }
    found.entries().stream()
        .skip(1)
        .forEach(entry -> Disk.decoded(path, () -> reports.take(entry)));
    reports.written = found.entries().size();
    return reports;
  }

  private @Nullable UpdateHeader take(ObjectNode entry) {
    return latest.put(Json.text(entry.required("client")), RecordCodec.readReport(entry));
  }

  private static ObjectNode head() {
    return Json.object().put("format", FORMAT);
  }

  /** Whether a client's report has a place. */
  public boolean takes(String client) {
    return latest.size() < MOST_CLIENTS || latest.containsKey(client);
  }

  /** Keeps a report in place of the client's last one; it is durable on return. */
  public void put(String client, UpdateHeader report) {
    lines.append(List.of(RecordCodec.report(client, report)));
    lines.force();
    latest.put(client, report);
    written++;
    if (written > 2 * latest.size() + ROOM) {
      rewrite();
    }
  }

  private void rewrite() {
    List<ObjectNode> kept =
        latest.entrySet().stream()
            .map(one -> RecordCodec.report(one.getKey(), one.getValue()))
            .collect(Collectors.toCollection(ArrayList::new));
    kept.addFirst(head());
    LineFile fresh = LineFile.create(path.resolveSibling(path.getFileName() + ".new"), kept);
    fresh.rename(path);
    lines.close();
    lines = fresh;
    written = kept.size();
  }

  /** The last report of each client. */
  public Map<String, UpdateHeader> latest() {
    return Collections.unmodifiableMap(latest);
  }

  @Override
  public void close() {
    lines.close();
  }
}
