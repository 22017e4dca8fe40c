package io.fedstep.store;

import io.fedstep.model.ModelSpec;
import io.fedstep.vector.Shard;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;

/** A folder of this process's own for what nobody needs after it: emptied when it is opened. */
public final class ScratchFolder implements AutoCloseable {
  private static final String PREFIX = "fedstep-scratch-";

  private final Path root;
  private final AtomicLong files = new AtomicLong();

  /** Makes the folder below another, and removes those there whose process has ended. */
  public ScratchFolder(Path parent) {
    root = own(parent, PREFIX);
    Disk.delete(root);
    Disk.createFolder(root);
  }

  /** Where this process's is; those of processes that have ended are removed. */
  static Path own(Path parent, String prefix) {
    Disk.createFolder(parent);
    for (String name : Disk.names(parent)) {
      if (name.matches(prefix + "\\d+") && hasEnded(name.substring(prefix.length()))) {
        Disk.delete(parent.resolve(name));
      }
    }
    return parent.resolve(prefix + ProcessHandle.current().pid());
  }

  private static boolean hasEnded(String process) {
    return ProcessHandle.of(Long.parseLong(process)).isEmpty();
  }

  /** Rows for a shard's part of updates for a model; to be closed, and then removed. */
  public UpdateMatrix rows(ModelSpec spec, Shard shard) {
    return new UpdateMatrix(next(), spec, shard);
  }

  private Path next() {
    return root.resolve(files.incrementAndGet() + ".bin");
  }

  /** A vector of a model, written in part. */
  VectorFile vector(ModelSpec spec) {
    return VectorFile.toShare(next(), spec);
  }

  @Override
  public void close() {
    Disk.delete(root);
  }
}
