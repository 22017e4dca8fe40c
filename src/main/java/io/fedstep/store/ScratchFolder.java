package io.fedstep.store;

import io.fedstep.model.ModelSpec;
import io.fedstep.vector.Shard;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;

/** A folder of this process alone for files that are not needed after it; emptied when opened. */
public final class ScratchFolder implements AutoCloseable {
  private static final String PREFIX = "fedstep-scratch-";

  private final Disk disk;
  private final Path root;
  private final AtomicLong files = new AtomicLong();

  /** Makes the folder below another, and removes those there whose process has ended. */
  public ScratchFolder(Disk disk, Path parent) {
    this.disk = disk;
    root = own(disk, parent, PREFIX);
    disk.delete(root);
    disk.createFolder(root);
  }

  /** The path of this process's folder; folders of processes that have ended are removed. */
  static Path own(Disk disk, Path parent, String prefix) {
    disk.createFolder(parent);
    for (String name : disk.names(parent)) {
      if (name.matches(prefix + "\\d+") && hasEnded(name.substring(prefix.length()))) {
        disk.delete(parent.resolve(name));
      }
    }
    return parent.resolve(prefix + ProcessHandle.current().pid());
  }

  private static boolean hasEnded(String process) {
    return ProcessHandle.of(Long.parseLong(process)).isEmpty();
  }

  /** Rows for a shard's part of updates for a model; to be closed, and then removed. */
  public UpdateMatrix rows(ModelSpec spec, Shard shard) {
    return new UpdateMatrix(disk, next(), new RowLayout(spec, shard));
  }

  private Path next() {
    return root.resolve(files.incrementAndGet() + ".bin");
  }

  /** A vector of a model, written in part. */
  VectorFile vector(ModelSpec spec) {
    return VectorFile.toShare(disk, next(), spec);
  }

  @Override
  public void close() {
    disk.delete(root);
  }
}
