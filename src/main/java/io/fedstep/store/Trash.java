package io.fedstep.store;

import io.fedstep.model.Name;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models that were deleted and can be put back: a folder each, whose name is the model's and
 * the millisecond of its deletion. What was deleted first goes first: when its time is over, when
 * there are too many, and where a write finds no room.
 */
final class Trash implements Reserve {
  private static final Logger LOG = LoggerFactory.getLogger(Trash.class);

  /** Between a model's name, which cannot have it, and the millisecond. */
  private static final char BEFORE_TIME = '~';

  private final Disk disk;
  private final Path folder;
  private final Duration keep;
  private final int most;
  private final InstantSource clock;

  /** The first to be deleted is first. */
  private final List<Entry> entries = new ArrayList<>();

  private long given;

  private record Entry(Path path, Deleted deleted) {}

  /**
   * The trash in a folder that is there.
   *
   * @param keep how long each model is kept
   * @param most how many of them
   */
  Trash(Disk disk, Path folder, Duration keep, int most, InstantSource clock) {
    this.disk = disk;
    this.folder = folder;
    this.keep = keep;
    this.most = most;
    this.clock = clock;
  }

  /** Takes up what a process before has left, and removes what cannot be put back. */
  synchronized void recover() {
    for (String name : disk.names(folder)) {
      Path path = folder.resolve(name);
      Instant at = deletedAt(name);
      if (at == null || !disk.exists(path.resolve(SavedHead.FILE))) {
        disk.delete(path);
      } else {
        entries.add(entry(path, at));
      }
    }
    entries.sort(Comparator.comparing(entry -> entry.deleted().at()));
    expire();
  }

  /** When the model of a folder was deleted; null unless the name is such a folder's. */
  private static @Nullable Instant deletedAt(String name) {
    int end = name.lastIndexOf(BEFORE_TIME);
    if (end < 0 || !Name.is(name.substring(0, end))) {
      return null;
    }
    try {
      return Instant.ofEpochMilli(Long.parseLong(name.substring(end + 1)));
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private Entry entry(Path path, Instant at) {
    String name = path.getFileName().toString();
    String model = name.substring(0, name.lastIndexOf(BEFORE_TIME));
    try {
      return new Entry(path, new Deleted(model, at, newest(path), bytes(path)));
    } catch (StorageException e) { // it is deleted all the same
      return new Entry(path, new Deleted(model, at, 0, 0));
    }
  }

  private long newest(Path path) {
    return disk.names(path.resolve(Folders.VERSIONS)).stream()
        .filter(Names.numbered(""))
        .mapToLong(version -> Names.number(version, ""))
        .max()
        .orElse(0);
  }

  private long bytes(Path path) {
    return disk.isFolder(path, LinkOption.NOFOLLOW_LINKS)
        ? disk.names(path).stream().mapToLong(name -> bytes(path.resolve(name))).sum()
        : disk.size(path);
  }

  /** Moves a model's folder here; it is gone from its place, also after a crash. */
  synchronized void put(Path model) {
    Instant at = Instant.ofEpochMilli(clock.instant().toEpochMilli());
    while (disk.exists(place(model, at))) {
      at = at.plusMillis(1);
    }
    Path place = place(model, at);
    disk.rename(model, place);
    entries.add(entry(place, at));
  }

  private Path place(Path model, Instant at) {
    return folder.resolve("%s%s%s".formatted(model.getFileName(), BEFORE_TIME, at.toEpochMilli()));
  }

  /**
   * Moves the folder of the model of that name that was deleted last to its place.
   *
   * @return false if there is none
   */
  synchronized boolean putBack(Path model) {
    String name = model.getFileName().toString();
    for (Entry entry : entries.reversed()) {
      if (entry.deleted().model().equals(name)) {
        entries.remove(entry); // or it might be given up for the room that the rename needs
        try {
          disk.rename(entry.path(), model);
        } finally {
          if (disk.exists(entry.path())) {
            entries.add(entry);
          }
        }
        return true;
      }
    }
    return false;
  }

  /** Removes what was kept for its time, and what is too much. */
  synchronized void expire() {
    Instant now = clock.instant();
    for (Entry entry : List.copyOf(entries)) {
      if (entries.size() > most || !entry.deleted().at().plus(keep).isAfter(now)) {
        remove(entry);
      }
    }
  }

  /** The models here, the last to be deleted first. */
  synchronized List<Deleted> all() {
    return entries.reversed().stream().map(Entry::deleted).toList();
  }

  @Override
  public synchronized long given() {
    return given;
  }

  @Override
  public synchronized boolean give(long seen) {
    if (given == seen && !entries.isEmpty()) {
      Entry first = entries.getFirst();
      LOG.warn(
          "model {}, which was deleted at {}, cannot be put back any more: its room was needed",
          first.deleted().model(),
          first.deleted().at());
      remove(first);
      given++;
    }
    return given != seen;
  }

  private void remove(Entry entry) {
    entries.remove(entry);
    try {
      Path head = entry.path().resolve(SavedHead.FILE);
      if (disk.exists(head)) { // first, so that nobody puts back what is removed in part
        disk.delete(head);
        disk.forceFolder(entry.path());
      }
      disk.delete(entry.path());
    } catch (StorageException e) {
      // it cannot be put back; its files are deleted at the next start
    }
  }
}
