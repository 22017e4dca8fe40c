package io.fedstep.store;

import io.fedstep.round.RoundRecord;
import java.nio.file.Path;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** The versions in a model's folder when it is opened, some of which may not be readable. */
final class FoundVersions {
  private static final Predicate<String> NUMBERED = Names.numbered("");
  private static final Pattern LEAVINGS =
      Pattern.compile("\\.(draft|old|round|exchange|handed)-.*|\\.(version|again)");

  private final Disk disk;
  private final SavedHead head;
  private final NavigableMap<Long, Version> versions = new TreeMap<>();
  private final NavigableMap<Long, StorageException> unreadable = new TreeMap<>();

  private FoundVersions(Disk disk, SavedHead head) {
    this.disk = disk;
    this.head = head;
  }

  /**
   * Those that the last process left; what it did not finish is removed.
   *
   * @param keep how many versions the model keeps
   */
  static FoundVersions recover(Disk disk, Path folder, SavedHead head, int keep) {
    var found = new FoundVersions(disk, head);
    for (String name : names(disk, folder)) {
      Path path = folder.resolve(name);
      if (NUMBERED.test(name)) {
        MadeFile.removeAll(disk, path, true);
        found.read(path, Names.number(name, ""));
      } else {
        disk.delete(path); // a draft that was never committed, or a version on its way out
      }
    }
    found.checkNewest();
    found.addZeros(folder, keep);
    return found;
  }

  /** Those of a folder that processes share, up to a version; nothing is removed. */
  static FoundVersions upTo(VersionInfo newest, Disk disk, Path folder, SavedHead head, int keep) {
    var found = new FoundVersions(disk, head);
    for (String name : names(disk, folder)) {
      if (NUMBERED.test(name) && Names.number(name, "") <= newest.version()) {
        found.add(Version.found(disk, folder.resolve(name), head.spec()));
      }
    }
    if (newest.madeBy() == VersionInfo.MadeBy.CREATED) {
      found.add(Version.ofZeros(head.head(), newest));
    }
    if (!found.versions.containsKey(newest.version())) {
      throw new CorruptionException(folder, "version " + newest.version(), "no folder of it");
    }
    found.addZeros(folder, keep);
    return found;
  }

  private static List<String> names(Disk disk, Path folder) {
    return Names.in(disk, folder, NUMBERED, LEAVINGS.asMatchPredicate());
  }

  private void add(Version version) {
    versions.put(version.info().version(), version);
  }

  /** Reads a version; one that cannot be read is noted, and stops the model if it is the newest. */
  private void read(Path path, long number) {
    try {
      Version version = Version.found(disk, path, head.spec());
      if (version.info().version() != number) {
        throw new CorruptionException(
            path.resolve(VersionFiles.DOCUMENT),
            "version " + number,
            "" + version.info().version());
      }
      add(version);
    } catch (StorageException e) {
      if (e.passes()) {
        throw e;
      }
      unreadable.put(number, e.of(number));
    }
  }

  private void checkNewest() {
    if (!unreadable.isEmpty()
        && (versions.isEmpty() || unreadable.lastKey() > versions.lastKey())) {
      throw unreadable.lastEntry().getValue();
    }
  }

  /** Adds version 0 if it is zeros, which have no folder, and the model would still keep it. */
  private void addZeros(Path folder, int keep) {
    if (head.head().from() != null) {
      if (versions.isEmpty()) {
        throw new CorruptionException(folder, "version 0, which was copied", "no folder of it");
      }
      return;
    }
    Tags tags = head.head().tags();
    long untagged = versions.keySet().stream().filter(version -> !tags.keep(version)).count();
    boolean isMissing = !versions.containsKey(0L) && !unreadable.containsKey(0L);
    boolean isFew = isMissing && untagged < keep;
    if (versions.isEmpty() || (isMissing && tags.keep(0)) || (isFew && beganWithZeros())) {
      add(Version.ofZeros(head.head(), Version.zeros(head.head())));
    }
  }

  private boolean beganWithZeros() {
    Version first = versions.get(1L);
    RoundRecord round = first == null ? null : first.round();
    return round != null && round.base().equals(head.base(0)); // set by hand, it ends in w
  }

  /** By number; at least one. */
  NavigableMap<Long, Version> versions() {
    return versions;
  }

  /** By number, why versions cannot be read, all older than the newest. */
  NavigableMap<Long, StorageException> unreadable() {
    return unreadable;
  }
}
