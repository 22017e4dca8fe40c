package io.fedstep.store;

import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** The real disk without its forces, for tests with many rounds and no crash. */
public final class Unforced extends Device {
  private Unforced() {}

  public static Disk disk() {
    return new Disk(new Unforced());
  }

  @Override
  void force(Path file, FileChannel channel) {
    // what is written is read again by the same operating system
  }

  @Override
  void forceFolder(Path folder, FileChannel channel) {
    // nor are its names
  }
}
