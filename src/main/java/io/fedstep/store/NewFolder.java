package io.fedstep.store;

import io.fedstep.privacy.Standing;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The folder of a model that is being created, apart from the others. */
final class NewFolder {
  private NewFolder() {}

  /** Writes a new model's folder, which is to be renamed to its place. */
  static void write(Disk disk, Path folder, ModelHead head) {
    writeFolders(disk, folder);
    writeHead(disk, folder, head);
  }

  /**
   * The same of a model whose version 0 has the numbers of another model's version.
   *
   * @param carried what it carries along, of a private model
   */
  static void write(
      Disk disk, Path folder, ModelHead head, Version from, @Nullable Standing carried) {
    writeFolders(disk, folder);
    Path versions = folder.resolve(Folders.VERSIONS);
    try (var draft =
        new VersionDraft(
            disk, versions.resolve(ModelFolder.DRAFT + 0), head.spec(), head.model())) {
      draft.copyWeights(from);
      draft.copyState(from);
      draft.keep(carried);
      draft.keep(head.spec().hasControls() ? from.controls() : null);
      String base = head.incarnation() + "-0c"; // zeros have it without a letter
      var info =
          new VersionInfo(
              0, VersionInfo.MadeBy.COPY, base, head.createdAt(), draft.weightsDigest());
      draft.seal(info, null);
      draft.commit(versions.resolve(Names.of(0)), info);
    }
    writeHead(disk, folder, head);
  }

  private static void writeFolders(Disk disk, Path folder) {
    disk.createFolder(folder);
    for (String name : Folders.ALL) {
      disk.createFolder(folder.resolve(name));
    }
  }

  private static void writeHead(Disk disk, Path folder, ModelHead head) {
    Document.write(disk, folder.resolve(SavedHead.FILE), head.write());
  }
}
