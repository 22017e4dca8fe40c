package io.fedstep.store;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.LongConsumer;

/** Writes a new file of a bounded length; every failure is an {@code IOException}. */
final class BoundedOutput extends OutputStream {
  private final Disk disk;
  private final Path path;
  private final long most;
  private final LongConsumer closed;
  private final FileChannel channel;
  private long written;

  /**
   * Opens the file.
   *
   * @param most bytes that it may have
   * @param closed told how many bytes were written, once it is closed
   */
  BoundedOutput(Disk disk, Path path, long most, LongConsumer closed) throws IOException {
    this.disk = disk;
    this.path = path;
    this.most = most;
    this.closed = closed;
    channel = on(() -> disk.write(path));
  }

  private interface Step<T> {
    T run();
  }

  /** Turns a failure into the stream's, since it concerns no model. */
  private static <T> T on(Step<T> step) throws IOException {
    try {
      return step.run();
    } catch (StorageException e) {
      throw new IOException(Objects.requireNonNullElse(e.getMessage(), "it failed"), e);
    }
  }

  @Override
  public void write(int value) throws IOException {
    write(new byte[] {(byte) value}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int from, int length) throws IOException {
    if (written + length > most) {
      throw new IOException("it has more than %s bytes".formatted(most));
    }
    on(() -> {
      disk.writeAt(path, channel, written, ByteBuffer.wrap(bytes, from, length));
      return path;
    });
    written += length;
  }

  @Override
  public void close() throws IOException {
    channel.close();
    closed.accept(written);
  }
}
