package io.fedstep.store;

import io.fedstep.codec.HalfFormat;
import io.fedstep.codec.Safetensors;
import io.fedstep.model.ModelSpec;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A version's weights in formats of fewer bytes, a file each beside them. A file is made when it is
 * first asked for, anew by each process, and appears by a rename; who asks meanwhile waits.
 */
final class Halves {
  private static final Logger LOG = LoggerFactory.getLogger(Halves.class);

  private final Disk disk;
  private final Path folder;
  private final ModelSpec spec;
  private final Map<HalfFormat, Made> all = new EnumMap<>(HalfFormat.class);

  /** What is known of a format, under its lock. */
  private static final class Made {
    private final ReentrantLock lock = new ReentrantLock();
    private boolean known;
    private boolean hasFile;
    private Half.@Nullable Beyond beyond;
  }

  Halves(Disk disk, Path folder, ModelSpec spec) {
    this.disk = disk;
    this.folder = folder;
    this.spec = spec;
    for (HalfFormat format : HalfFormat.of(spec.dtype())) {
      all.put(format, new Made());
    }
  }

  /** Removes what such a folder has of halves, whole or begun, if only what was begun. */
  static void remove(Disk disk, Path folder, boolean begunOnly) {
    for (String name : disk.names(folder)) {
      boolean isHalf = name.startsWith("weights.") && !name.equals(VersionFiles.WEIGHTS);
      if (isHalf && (!begunOnly || name.endsWith(Disk.FRESH))) {
        disk.delete(folder.resolve(name));
      }
    }
  }

  /**
   * The weights in a format.
   *
   * @param weights as they are, held, and checked; closed with what is given, or here
   */
  Half get(HalfFormat format, FileRange weights, Half.Making making) {
    Made made = all.get(format);
    if (made == null) {
      throw new IllegalStateException("%s has no %s".formatted(spec.dtype(), format));
    }
    boolean given = false;
    made.lock.lock();
    try {
      if (!made.known) {
        make(format, made, weights, making);
        made.known = true;
      }
      Half half = made.beyond == null ? there(format, made, weights) : made.beyond;
      given = half instanceof Half.There;
      return half;
    } finally {
      made.lock.unlock();
      if (!given) {
        weights.close();
      }
    }
  }

  private Half.There there(HalfFormat format, Made made, FileRange weights) {
    if (made.hasFile) {
      try {
        return new Half.There(FileRange.kept(disk, path(format), weights::close));
      } catch (StorageException e) {
        made.hasFile = false; // it is computed from now on
        failed(e);
      }
    }
    return new Half.There(
        new Headed(Safetensors.head(spec, format), new HalfBytes(spec, format, weights)));
  }

  private Path path(HalfFormat format) {
    return folder.resolve("weights.%s.safetensors".formatted(format.label()));
  }

  private void make(HalfFormat format, Made made, FileRange weights, Half.Making making) {
    Path fresh =
        folder.resolve("weights.%s.%s%s".formatted(format.label(), UUID.randomUUID(), Disk.FRESH));
    try {
      long most = Safetensors.head(spec, format).length + spec.parameters() * format.width();
      made.beyond = write(format, weights, making, new BoundedOutput(disk, fresh, most, _ -> {}));
      if (made.beyond == null) {
        force(fresh);
        disk.rename(fresh, path(format));
        made.hasFile = true;
      } else {
        disk.delete(fresh);
      }
    } catch (IOException | StorageException e) {
      failed(e);
      remove(fresh);
      look(format, made, weights, making);
    }
  }

  /** Without a file, whether the weights have the format at all. */
  private void look(HalfFormat format, Made made, FileRange weights, Half.Making making) {
    try {
      made.beyond = write(format, weights, making, OutputStream.nullOutputStream());
    } catch (IOException e) {
      throw new IllegalStateException("nothing was written", e);
    }
  }

  private Half.@Nullable Beyond write(
      HalfFormat format, FileRange weights, Half.Making making, OutputStream to)
      throws IOException {
    var half = new HalfBytes(spec, format, weights);
    long[] beyond = {-1};
    making.make(
        out -> {
          out.write(Safetensors.head(spec, format));
          int count;
          for (long at = 0; at < spec.parameters() && beyond[0] < 0; at += count) {
            count = (int) Math.min(half.most(), spec.parameters() - at);
            beyond[0] = half.round(at, count);
            out.write(half.rounded(), 0, count * format.width());
          }
        },
        to);
    return beyond[0] < 0 ? null : new Half.Beyond(beyond[0]);
  }

  private void force(Path file) {
    FileChannel channel = disk.write(file);
    try {
      disk.force(file, channel);
    } finally {
      disk.close(file, channel);
    }
  }

  private void remove(Path fresh) {
    try {
      disk.delete(fresh);
    } catch (StorageException e) {
      failed(e); // it goes with the version
    }
  }

  private static void failed(Exception e) {
    LOG.warn("weights of fewer bytes cannot be kept, and are computed: {}", e.toString());
  }
}
