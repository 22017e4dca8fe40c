package io.fedstep.store;

import io.fedstep.codec.JoinedCrc32c;
import org.jspecify.annotations.Nullable;

/** A file of a version that is being written. */
sealed interface DraftFile extends AutoCloseable permits VectorFile, StateFile {
  /** Where it is. */
  RandomFile file();

  /** The checksums of the bytes written, by offset. */
  JoinedCrc32c written();

  /** The checksum of the whole file, or null if parts were not written, so that it must be read. */
  @Nullable Integer crc();

  @Override
  void close();
}
