package io.fedstep.store;

import io.fedstep.codec.JoinedCrc32c;
import org.jspecify.annotations.Nullable;

/** A file of a version that is being written. */
sealed interface DraftFile extends AutoCloseable permits VectorFile, StateFile {
  /** Where it is. */
  RandomFile file();

  /** The checksums of what was written, by its place. */
  JoinedCrc32c written();

  /** The checksum of what was written, or null if a part was not: it has to be read. */
  @Nullable Integer crc();

  @Override
  void close();
}
