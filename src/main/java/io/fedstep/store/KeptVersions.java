package io.fedstep.store;

import io.fedstep.round.Reported;
import io.fedstep.round.RoundRecord;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A model's history as far as it is kept: its last versions, and the records of its rounds. A
 * record is with the version that its round made, and beside the versions once that one is pruned.
 * Reading is for every thread, changing for one.
 */
final class KeptVersions {
  private static final Logger LOG = LoggerFactory.getLogger(KeptVersions.class);

  private final Disk disk;
  private final Path folder;
  private final SavedHead head;
  private final RoundRecords records;
  private final ConcurrentSkipListMap<Long, Version> versions = new ConcurrentSkipListMap<>();
  private final ConcurrentSkipListMap<Long, StorageException> unreadable =
      new ConcurrentSkipListMap<>();

  KeptVersions(Disk disk, Path folder, SavedHead head, RoundRecords records, FoundVersions found) {
    this.disk = disk;
    this.folder = folder;
    this.head = head;
    this.records = records;
    versions.putAll(found.versions());
    unreadable.putAll(found.unreadable());
  }

  Version newest() {
    return versions.lastEntry().getValue();
  }

  boolean has(long version) {
    return versions.containsKey(version);
  }

  /** A version that is kept, or null. */
  @Nullable Version version(long number) {
    checkReadable(number);
    return versions.get(number);
  }

  private void checkReadable(long version) {
    StorageException why = unreadable.get(version);
    if (why != null) {
      throw why;
    }
  }

  /** All that are kept, newest first. */
  List<Version> all() {
    return List.copyOf(versions.descendingMap().values());
  }

  /** Shows a committed version to everybody. */
  void publish(Version version) {
    versions.put(version.info().version(), version);
  }

  /** Lets no further reader of any version in. */
  void retireAll() {
    versions.values().forEach(Version::retire);
  }

  /**
   * Shows the versions between the newest and another one.
   *
   * @return whether there are any
   */
  boolean publishBefore(long number) {
    boolean isGap = newest().info().version() + 1 < number;
    for (long between = newest().info().version() + 1; between < number; between++) {
      Path place = folder.resolve(Names.of(between));
      if (disk.exists(place)) {
        publish(Version.found(disk, place, head.spec()));
      } else if (records.isWritten(between - 1)) {
        records.know(between - 1);
      }
    }
    return isGap;
  }

  /** Takes note of what another process prunes, now or a little later. */
  void forget(int keepVersions, int keepRounds) {
    for (Version old : beyond(keepVersions)) {
      long number = old.info().version();
      if (number > 0) {
        records.know(number - 1);
      }
      retire(old);
    }
    oldRecords(keepRounds).forEach(records::forget);
  }

  /** The oldest versions beyond so many; those with a tag are beside them. */
  private List<Version> beyond(int keep) {
    Tags tags = head.head().tags();
    List<Version> untagged =
        versions.values().stream().filter(one -> !tags.keep(one.info().version())).toList();
    return untagged.subList(0, Math.max(0, untagged.size() - keep));
  }

  /** Those that are not beyond so many, newest first. */
  List<Version> within(int keep) {
    var kept = new ArrayList<>(all());
    kept.removeAll(beyond(keep));
    return kept;
  }

  /** Writes the records of versions beyond so many, before those go. */
  void writeRecords(int keepVersions, Function<Version, Reported> reports) {
    beyond(keepVersions).forEach(old -> writeRecord(old, reports.apply(old)));
  }

  private void writeRecord(Version old, Reported reports) {
    RoundRecord round = lastRecord(old);
    if (round != null) {
      records.write(head.head().model(), reports.count() == 0 ? round : round.with(reports));
    }
  }

  /**
   * Retires the oldest versions beyond those to be kept; the record of each is written beside the
   * versions first.
   *
   * @param reports what clients reported of each, for its record
   * @param retired told of each
   */
  void retireBeyond(
      int keepVersions, Function<Version, Reported> reports, Consumer<Version> retired) {
    for (Version old : beyond(keepVersions)) {
      if (!records.isShared() || !records.isWritten(old.info().version() - 1)) {
        writeRecord(old, reports.apply(old));
      }
      retire(old);
      retired.accept(old);
    }
  }

  /** The record in a version, or null if it is corrupt, which must not stop the other versions. */
  private @Nullable RoundRecord lastRecord(Version oldest) {
    try {
      return oldest.round();
    } catch (CorruptionException e) {
      LOG.error(
          "model {}: the record of round {} is corrupt and will be lost with its version",
          head.head().model(),
          oldest.info().version() - 1,
          e);
      return null;
    }
  }

  private void retire(Version version) {
    version.retire();
    versions.remove(version.info().version());
  }

  /** Removes records beyond those to be kept, and unreadable versions older than all that are. */
  void removeOld(int keepRounds) {
    for (long old : List.copyOf(unreadable.headMap(versions.firstKey()).keySet())) {
      disk.delete(folder.resolve(Names.of(old)));
      unreadable.remove(old);
    }
    oldRecords(keepRounds).forEach(records::delete);
  }

  /** The records to be removed; those that tell repeats from updates are not among them. */
  private List<Long> oldRecords(int keepRounds) {
    return records.old(newest().info().version() - head.spec().round().maxStaleness(), keepRounds);
  }

  /** The record of a round that is over, or null where there is none, or none any more. */
  @Nullable RoundRecord record(long round) {
    checkReadable(round + 1);
    Version version = versions.get(round + 1);
    if (version != null) {
      try {
        return version.round();
      } catch (StorageException e) {
        if (has(round + 1)) {
          throw e;
        } // else it was pruned meanwhile, and its record has moved
      }
    }
    try {
      return records.has(round) ? moved(round) : null;
    } catch (StorageException e) {
      if (records.has(round)) {
        throw e;
      }
      return null; // removed meanwhile
    }
  }

  /** A record beside the versions; before another process has moved it there, its version's. */
  private @Nullable RoundRecord moved(long round) {
    if (!records.isWritten(round)) {
      try {
        return Version.found(disk, folder.resolve(Names.of(round + 1)), head.spec()).round();
      } catch (StorageException e) {
        if (!records.isWritten(round)) {
          throw e;
        } // else it has moved meanwhile
      }
    }
    return records.read(round);
  }

  /** The numbers of at most {@code limit} recorded rounds before {@code before}, newest first. */
  List<Long> recorded(long before, int limit) {
    var all = new ConcurrentSkipListSet<>(records.rounds());
    versions.keySet().stream().filter(version -> version > 0).forEach(v -> all.add(v - 1));
    return all.headSet(before).descendingSet().stream().limit(limit).toList();
  }
}
