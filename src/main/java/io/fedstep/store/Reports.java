package io.fedstep.store;

import io.fedstep.codec.Json;
import io.fedstep.codec.RecordCodec;
import io.fedstep.round.MetricNames;
import io.fedstep.round.UpdateMetadata;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Collectors;
import tools.jackson.databind.node.ObjectNode;

/**
 * The reports of clients on one version, a checked line each; a client's last one counts. Reading
 * is for every thread, changing for one.
 */
public final class Reports implements AutoCloseable {
  /** Clients whose reports of a version are kept. */
  public static final int MOST_CLIENTS = 100_000;

  private static final int FORMAT = 1;

  /** Lines beyond twice the clients, after which the file is written anew. */
  private static final int ROOM = 1000;

  private final Disk disk;
  private final Path path;
  private final Latest latest;
  private LineFile lines;
  private int written;

  private Reports(Disk disk, Path path, LineFile lines, Latest latest, int written) {
    this.disk = disk;
    this.path = path;
    this.lines = lines;
    this.latest = latest;
    this.written = written;
  }

  /** The reports in a file, which is made if it is absent. */
  static Reports at(Disk disk, Path path) {
    if (!disk.exists(path)) {
      return new Reports(
          disk, path, LineFile.create(disk, path, List.of(head())), new Latest(path), 0);
    }
    var latest = new Latest(path);
    LineFile.Found found = LineFile.open(disk, path, latest::read);
    return new Reports(disk, path, found.file(), latest, found.lines());
  }

  /** The last report of each client, whose names of metrics are bounded. */
  private static final class Latest {
    private final Path path;
    private final Map<String, UpdateMetadata> reports = new ConcurrentSkipListMap<>();
    private final MetricNames names = new MetricNames();
    private boolean hasHead;

    Latest(Path path) {
      this.path = path;
    }

    void read(ObjectNode entry) {
      if (hasHead) {
        Document.decoded(
            path, () -> put(Json.text(entry.required("client")), RecordCodec.readReport(entry)));
      } else {
        Document.checkFormat(path, entry, FORMAT);
        hasHead = true;
      }
    }

    UpdateMetadata put(String client, UpdateMetadata report) {
      UpdateMetadata kept = report.with(names);
      reports.put(client, kept);
      return kept;
    }
  }

  private static ObjectNode head() {
    return Json.object().put("format", FORMAT);
  }

  /** Whether one more report of a client can be kept. */
  public boolean hasRoomFor(String client) {
    return latest.reports.size() < MOST_CLIENTS || latest.reports.containsKey(client);
  }

  /** Keeps a report in place of the client's last one, and gives it as kept; it is durable then. */
  public UpdateMetadata put(String client, UpdateMetadata report) {
    lines.append(List.of(RecordCodec.report(client, report)));
    lines.force();
    UpdateMetadata kept = latest.put(client, report);
    written++;
    if (written > 2 * latest.reports.size() + ROOM) {
      rewrite();
    }
    return kept;
  }

  private void rewrite() {
    List<ObjectNode> kept =
        latest.reports.entrySet().stream()
            .map(one -> RecordCodec.report(one.getKey(), one.getValue()))
            .collect(Collectors.toCollection(ArrayList::new));
    kept.addFirst(head());
    LineFile before = lines;
    lines = LineFile.create(disk, path, kept);
    before.close();
    written = kept.size();
  }

  /** The last report of each client. */
  public Map<String, UpdateMetadata> latest() {
    return Collections.unmodifiableMap(latest.reports);
  }

  @Override
  public void close() {
    lines.close();
  }
}
