package io.fedstep.store;

import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** The real disk without its forces, for tests that need many rounds and no crash. */
public final class Unforced extends Device implements AutoCloseable {
  /** Takes the disk's place until it is closed. */
  public Unforced() {
    Disk.use(this);
  }

  @Override
  void force(Path file, FileChannel channel) {
    // what is written is read again by the same operating system
  }

  @Override
  void forceFolder(Path folder, FileChannel channel) {
    // nor are its names
  }

  @Override
  public void close() {
    Disk.use(new Device());
  }
}
