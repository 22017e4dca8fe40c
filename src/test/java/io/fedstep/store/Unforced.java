package io.fedstep.store;

import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** The real disk without its forces, in classes of tests with many rounds and no crash. */
public final class Unforced extends Device implements BeforeAllCallback, AfterAllCallback {
  /** The lock of those who put something in the disk's place. */
  public static final String DISK = "disk";

  @Override
  public void beforeAll(ExtensionContext context) {
    Disk.use(this);
  }

  @Override
  public void afterAll(ExtensionContext context) {
    Disk.use(new Device());
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
