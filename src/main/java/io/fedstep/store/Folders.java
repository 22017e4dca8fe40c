package io.fedstep.store;

import java.nio.file.Path;
import java.util.List;

/** The folders in a model's folder. */
final class Folders {
  static final String VERSIONS = "versions";
  static final String ROUNDS = "rounds";
  static final String OPEN = "open";
  static final String REPORTS = "reports";

  static final List<String> ALL = List.of(VERSIONS, ROUNDS, OPEN, REPORTS);

  private Folders() {}

  /** A file's path in its model's folder, or its name. */
  static Path inModel(Path file) {
    for (int i = file.getNameCount() - 2; i >= 0; i--) {
      if (ALL.contains(file.getName(i).toString())) {
        return file.subpath(i, file.getNameCount());
      }
    }
    return file.getFileName();
  }
}
