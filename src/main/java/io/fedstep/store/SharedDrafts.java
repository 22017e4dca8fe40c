package io.fedstep.store;

import io.fedstep.round.RoundRecord;
import java.nio.file.Path;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** Drafts of a model's versions that several processes make together, or one after the other. */
public final class SharedDrafts {
  private static final String ROUND = ".round-";
  private static final String EXCHANGE = ".exchange-";
  private static final String HANDED = ".handed-";

  private final Disk disk;
  private final Path versions;
  private final SavedHead head;

  SharedDrafts(Disk disk, Path versions, SavedHead head) {
    this.disk = disk;
    this.versions = versions;
    this.head = head;
  }

  /** The draft in which all ranges write the version after the round that trains from a base. */
  public VersionDraft ofRound(String base) {
    return VersionDraft.shared(
        disk, versions.resolve(ROUND + base), head.spec(), head.head().model());
  }

  /** A new draft of one process, which another one can continue by its name. */
  public VersionDraft fresh() {
    return draft(HANDED + UUID.randomUUID());
  }

  /** A draft that another process has filled. */
  public VersionDraft handedOver(String name) {
    if (!name.startsWith(HANDED) || name.contains("/")) {
      throw new IllegalArgumentException("'%s' is no draft".formatted(name));
    }
    return draft(name);
  }

  private VersionDraft draft(String name) {
    return new VersionDraft(disk, versions.resolve(name), head.spec(), head.head().model());
  }

  /**
   * Keeps a document for the other ranges of a round. It appears whole, and is never replaced:
   * others may have used it.
   */
  public void give(String base, String name, ObjectNode document) {
    Path folder = exchange(base);
    disk.createFolder(folder);
    if (!disk.exists(folder.resolve(name))) {
      Document.write(disk, folder.resolve(name), document, true);
    }
  }

  /** A document that a range gave. */
  public ObjectNode given(String base, String name) {
    return Document.read(disk, exchange(base).resolve(name));
  }

  /** The description of a committed version, by whichever process, or null. */
  public @Nullable VersionInfo committed(long number) {
    Path path = versions.resolve(Names.of(number));
    return disk.exists(path) ? Version.found(disk, path, head.spec()).info() : null;
  }

  /** Commits a draft, unless another process has committed that version; gives its description. */
  public VersionInfo commit(VersionDraft draft, VersionInfo info, @Nullable RoundRecord record) {
    Path target = versions.resolve(Names.of(info.version()));
    try {
      draft.seal(info, record);
      draft.commit(target, info);
      return info;
    } catch (StorageException e) {
      VersionInfo other = committed(info.version());
      if (other == null) {
        throw e;
      }
      return other;
    }
  }

  /** Removes the drafts and documents of rounds up to one, also those that came after its end. */
  public void clear(long round) {
    for (String name : disk.names(versions)) {
      if (name.startsWith(ROUND) || name.startsWith(EXCHANGE)) {
        String number = name.substring(name.lastIndexOf('-') + 1).replace("w", "");
        if (Long.parseLong(number) <= round) {
          disk.delete(versions.resolve(name));
        }
      }
    }
  }

  /**
   * Removes drafts for other processes that were last written before a time: they were not used.
   */
  public void clearHandedOver(Instant before) {
    for (String name : disk.names(versions)) {
      Path draft = versions.resolve(name);
      if (name.startsWith(HANDED) && disk.lastWritten(draft).isBefore(before)) {
        disk.delete(draft);
      }
    }
  }

  private Path exchange(String base) {
    return versions.resolve(EXCHANGE + base);
  }
}
