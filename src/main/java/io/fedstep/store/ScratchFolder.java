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
    root = parent.resolve(PREFIX + ProcessHandle.current().pid());
    Disk.createFolder(parent);
    for (String name : Disk.names(parent)) {
      if (name.matches(PREFIX + "\\d+") && hasEnded(name)) {
        Disk.delete(parent.resolve(name));
      }
    }
    Disk.delete(root);
    Disk.createFolder(root);
  }

  private static boolean hasEnded(String name) {
    return ProcessHandle.of(Long.parseLong(name.substring(PREFIX.length()))).isEmpty();
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
