package io.fedstep.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The end of a version's file, from some byte on. Until this is closed the file keeps its path, to
 * be opened by, and nothing is written over it.
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
    try {
      open().read(start + offset, into);
    } catch (StorageException e) {
      throw version.failed(e);
    }
  }

  /** Sends as many of {@code length} bytes as the channel takes at once; returns their number. */
  public long transferTo(long offset, long length, WritableByteChannel to) throws IOException {
    return open().channel().transferTo(start + offset, length, to);
  }

  private RandomFile open() {
    try {
      RandomFile opened = open != null ? open : RandomFile.toRead(path);
      open = opened;
      return opened;
    } catch (StorageException e) {
      throw version.failed(e);
    }
  }

  @Override
  public void close() {
    if (open != null) {
      open.close();
    }
    version.release();
  }
}
