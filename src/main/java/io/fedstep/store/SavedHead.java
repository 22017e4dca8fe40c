package io.fedstep.store;

import io.fedstep.model.ModelSpec;
import java.nio.file.Path;

/** A model's head as it is in force, and its document in the model's folder. */
final class SavedHead {
  /** The document's name. */
  static final String FILE = "model.json";

  private final Disk disk;
  private final Path file;
  private final boolean shared;
  private volatile ModelHead head;

  SavedHead(Disk disk, Path folder, ModelHead head, boolean shared) {
    this.disk = disk;
    file = folder.resolve(FILE);
    this.head = head;
    this.shared = shared;
  }

  /** That of a model's folder, which has the model's name. */
  static SavedHead read(Disk disk, Path folder) {
    Path file = folder.resolve(FILE);
    ModelHead head = ModelHead.read(disk, file);
    String name = folder.getFileName().toString();
    if (!head.model().equals(name)) {
      throw new CorruptionException(file, "the model " + name, head.model());
    }
    return new SavedHead(disk, folder, head, false);
  }

  ModelHead head() {
    return head;
  }

  ModelSpec spec() {
    return head.spec();
  }

  /** The tag of a version's weights. */
  String base(long version) {
    return head.incarnation() + "-" + version;
  }

  /** Takes note of a head that another process has saved. */
  void know(ModelHead next) {
    head = next;
  }

  /** Replaces the head durably. */
  void save(ModelHead next) {
    Document.write(disk, file, next.write(), shared);
    head = next;
  }

  /** Saves the head unless that has been done, perhaps by another process. */
  void saveAgain() {
    if (!ModelHead.read(disk, file).equals(head)) {
      save(head);
    }
  }
}
