package io.fedstep.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDirFactory;

/**
 * Temporary folders in memory where there is room, for tests whose disk is simulated: of thousands
 * of lives most time would go to making, renaming and removing files of the real one.
 */
public final class InMemory implements TempDirFactory {
  private static final Path MEMORY = Path.of("/dev/shm");
  private static final long LEAST_ROOM = 2L << 30;

  @Override
  public Path createTempDirectory(AnnotatedElementContext element, ExtensionContext test)
      throws IOException {
    boolean hasRoom =
        Files.isWritable(MEMORY) && Files.getFileStore(MEMORY).getUsableSpace() > LEAST_ROOM;
    return hasRoom
        ? Files.createTempDirectory(MEMORY, "fedstep-")
        : Files.createTempDirectory("fedstep-");
  }
}
