package io.fedstep.store;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The end of a version's file, from some byte on. The file keeps its path until this is closed, so
 * that it can be opened by name.
 */
public final class FileRange implements VersionBytes {
  private final Version version;
  private final Path path;
  private final long start;
  private final long length;
  private @Nullable RandomFile open;

  /** The version is held already, for this. */
  FileRange(Version version, Path path, long start, long length) {
    this.version = version;
    this.path = path;
    this.start = start;
    this.length = length;
  }

  /** The file's path. */
  public String path() {
    return path.toString();
  }

  /** Where in the file the bytes begin. */
  public long start() {
    return start;
  }

  /** The file from its first byte on; whoever has it closes it in place of this. */
  public FileRange whole() {
    return new FileRange(version, path, 0, start + length);
  }

  @Override
  public long length() {
    return length;
  }

  @Override
  public void read(long offset, ByteBuffer into) {
    if (open == null) {
      open = RandomFile.toRead(path);
    }
    open.read(start + offset, into);
  }

  @Override
  public void close() {
    if (open != null) {
      open.close();
    }
    version.release();
  }
}
