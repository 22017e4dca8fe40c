package io.fedstep.store;

import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongPredicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The uploads of a model that have not come to their end, by the round in their address: a folder
 * for each, which goes with the round. They lie beside the open round and not in it, since in
 * buffered rounds they outlive it.
 */
public final class PausedFolder {
  /** The folder's name, beside those of rounds. */
  static final String NAME = "uploads";

  private static final Logger LOG = LoggerFactory.getLogger(PausedFolder.class);
  private static final String HEAD = ".json";
  private static final String BYTES = ".bin";

  /** Of a head whose upload is an update; earlier releases said so in the head. */
  static final String COMPLETE = ".done";

  private final Disk disk;
  private final Path folder;

  PausedFolder(Disk disk, Path openFolder) {
    this.disk = disk;
    folder = openFolder.resolve(NAME);
  }

  /** An upload that was found, and when its last byte came. */
  public record Found(PausedFile file, Instant lastByte) {}

  /**
   * The uploads that the last process left in rounds that still take updates; others are removed,
   * and whatever a crash has left of one. One that cannot be read is left out, and logged.
   */
  public List<Found> recover(LongPredicate takesUpdates) {
    var found = new ArrayList<Found>();
    for (String round : Names.in(disk, folder, Names.numbered(""))) {
      if (takesUpdates.test(Names.number(round, ""))) {
        recover(folder.resolve(round), found);
      } else {
        disk.delete(folder.resolve(round));
      }
    }
    return found;
  }

  private void recover(Path round, List<Found> found) {
    List<String> names = disk.names(round);
    for (String name : names) {
      Path path = round.resolve(name);
      String id =
          name.endsWith(HEAD) || name.endsWith(COMPLETE)
              ? name.substring(0, name.length() - HEAD.length())
              : "";
      if (!id.isEmpty()) {
        Path bytes = round.resolve(id + BYTES);
        try {
          PausedFile file = PausedFile.found(disk, path, bytes);
          found.add(new Found(file, disk.lastWritten(disk.exists(bytes) ? bytes : path)));
        } catch (CorruptionException e) {
          LOG.error("an upload cannot be read: {}", e.getMessage());
        }
      } else if (!name.endsWith(BYTES)
          || !names.contains(name.substring(0, name.length() - BYTES.length()) + HEAD)) {
        disk.delete(path); // of one that was never answered
      }
    }
  }

  /** A new upload; durable once this returns. */
  public PausedFile create(PausedHead head) {
    Path round = folder.resolve(Names.of(head.round()));
    if (!disk.exists(round)) {
      disk.createFolder(round);
      disk.forceFolder(folder);
      disk.forceFolder(folder.resolveSibling("."));
    }
    return PausedFile.create(
        disk, round.resolve(head.id() + HEAD), round.resolve(head.id() + BYTES), head);
  }

  /** Removes the folders of rounds that take no updates any more. */
  public void removeOver(LongPredicate takesUpdates) {
    for (String round : disk.names(folder)) {
      if (Names.numbered("").test(round) && !takesUpdates.test(Names.number(round, ""))) {
        disk.delete(folder.resolve(round));
      }
    }
  }
}
