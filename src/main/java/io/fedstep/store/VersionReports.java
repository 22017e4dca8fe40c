package io.fedstep.store;

import io.fedstep.round.UpdateMetadata;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongPredicate;

/** What clients reported of a model's versions, a file for each version that has reports. */
final class VersionReports implements AutoCloseable {
  private static final String ENDING = ".jsonl";

  private final Disk disk;
  private final Path folder;
  private final Map<Long, Reports> reports = new ConcurrentHashMap<>();

  VersionReports(Disk disk, Path folder) {
    this.disk = disk;
    this.folder = folder;
  }

  /** Opens what the last process left; reports of versions that are kept no more are removed. */
  void recover(LongPredicate kept) {
    if (!disk.exists(folder)) {
      disk.createFolder(folder); // a model of before there were reports
    }
    for (String name : Names.in(disk, folder, Names.numbered(ENDING), Names.FRESH)) {
      Path path = folder.resolve(name);
      if (!Names.FRESH.test(name) && kept.test(Names.number(name, ENDING))) {
        reports.put(Names.number(name, ENDING), Reports.at(disk, path));
      } else {
        disk.delete(path); // of a version that is gone, or never finished
      }
    }
  }

  /** A version's reports, to be added to. */
  Reports of(long version) {
    return reports.computeIfAbsent(version, number -> Reports.at(disk, file(number)));
  }

  /** The last report of each client of a version. */
  Map<String, UpdateMetadata> latest(long version) {
    Reports found = reports.get(version);
    return found == null ? Map.of() : found.latest();
  }

  /** Removes a version's reports. */
  void delete(long version) {
    Reports gone = reports.remove(version);
    if (gone != null) {
      gone.close();
      disk.delete(file(version));
    }
  }

  private Path file(long version) {
    return folder.resolve(Names.of(version) + ENDING);
  }

  @Override
  public void close() {
    reports.values().forEach(Reports::close);
  }
}
