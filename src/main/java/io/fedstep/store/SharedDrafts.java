package io.fedstep.store;

import java.nio.file.Path;
import java.util.UUID;
import tools.jackson.databind.node.ObjectNode;

/** Drafts of a model's versions that several processes make together, or one after the other. */
public final class SharedDrafts {
  private static final String ROUND = ".round-";
  private static final String HANDED = ".handed-";

  private final Path versions;
  private final ModelFolder model;

  SharedDrafts(Path versions, ModelFolder model) {
    this.versions = versions;
    this.model = model;
  }

  /** The draft in which all ranges write the version after the round that trains from a base. */
  public VersionDraft ofRound(String base) {
    return draft(ROUND + base);
  }

  /** A new draft, for whoever is told its name. */
  public VersionDraft toHandOver() {
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
    return VersionDraft.shared(versions.resolve(name), model.spec(), model.head().model());
  }

  /**
   * Keeps a document for the other ranges of a round; once it is there, it is whole, and it stays:
   * others may have gone on because of it.
   */
  public void give(String base, String name, ObjectNode document) {
    Path folder = exchange(base);
    Disk.createFolder(folder);
    if (!Disk.exists(folder.resolve(name))) {
      Disk.writeDocument(folder.resolve(name), document);
    }
  }

  /** A document that a range gave. */
  public ObjectNode given(String base, String name) {
    return Disk.readDocument(exchange(base).resolve(name));
  }

  /** Removes what a round needed that is over. */
  public void clear(String base) {
    Disk.delete(exchange(base));
    Disk.delete(versions.resolve(ROUND + base));
  }

  private Path exchange(String base) {
    return versions.resolve(".exchange-" + base);
  }
}
