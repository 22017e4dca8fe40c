package io.fedstep.store;

import io.fedstep.codec.Json;
import io.fedstep.model.Name;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** The folder of all models, held by one server at a time. */
public final class DataFolder implements AutoCloseable {
  private static final int FORMAT = 1;

  private final Disk disk;
  private final Path models;
  private final Path trash;
  private final Path lockFile;
  private final FileChannel lock;

  /**
   * Opens the folder, or makes it, for this server alone.
   *
   * @throws StorageException if another server holds it, or a newer version of fedstep wrote it
   */
  public DataFolder(Disk disk, Path root) {
    this(disk, root, false);
  }

  private DataFolder(Disk disk, Path root, boolean shared) {
    this.disk = disk;
    StorageException.Want.learn();
    disk.createFolder(root);
    lockFile = root.resolve("lock");
    lock = lock(lockFile, shared);
    models = root.resolve("models");
    trash = root.resolve("trash");
    try {
      begin(root, shared);
    } catch (StorageException e) {
      close();
      throw e;
    }
  }

  /**
   * Opens the folder, or makes it, together with other servers of a cluster.
   *
   * @throws StorageException if a server holds it alone, or a newer version of fedstep wrote it
   */
  public static DataFolder shared(Disk disk, Path root) {
    return new DataFolder(disk, root, true);
  }

  private void begin(Path root, boolean shared) {
    checkFormat(root.resolve("format.json"), shared);
    disk.createFolder(models);
    disk.createFolder(trash);
    disk.keepToItself(models);
    disk.keepToItself(trash);
    if (!shared) { // else it may be what another server is just making
      disk.names(trash).forEach(name -> disk.delete(trash.resolve(name)));
    }
    disk.forceFolder(models); // a model that a killed process made or removed stays so
    disk.forceFolder(trash);
    disk.forceFolder(root);
  }

  private FileChannel lock(Path file, boolean shared) {
    FileChannel channel = disk.write(file);
    try {
      if (disk.lock(file, channel, shared)) {
        return channel;
      }
    } catch (StorageException e) {
      disk.close(file, channel);
      throw e;
    }
    disk.close(file, channel);
    throw new StorageException(
        "%s is held by another fedstep; give this one another fedstep.data-dir".formatted(file));
  }

  private void checkFormat(Path file, boolean shared) {
    if (!disk.exists(file)) {
      Document.write(disk, file, Json.object().put("format", FORMAT), shared);
      return;
    }
    ObjectNode json = Document.read(disk, file);
    if (json.path("format").asInt(0) != FORMAT) {
      throw new StorageException(
          "%s says format %s; this fedstep reads format %s"
              .formatted(file, json.path("format"), FORMAT));
    }
  }

  /** The names of the models there. */
  public List<String> models() {
    return Names.in(disk, models, name -> Name.is(name) && disk.isFolder(models.resolve(name)));
  }

  /** The head of a model that is there, or null. */
  public @Nullable ModelHead head(String model) {
    Path head = models.resolve(model).resolve(SavedHead.FILE);
    return disk.exists(head) ? ModelHead.read(disk, head) : null;
  }

  /** Makes a model that is not there: whole and durable, or not at all. */
  public void create(ModelHead head) {
    Path place = models.resolve(head.model());
    if (disk.exists(place)) {
      if (!disk.isFolder(place)) {
        throw Refusal.of(
                Problem.MODEL_EXISTS,
                "A file called '%s' lies among the models' folders.".formatted(head.model()))
            .exception();
      }
      delete(head.model(), null); // what an earlier try had no room to open, nor to remove
    }
    Path draft = trash.resolve("new-" + head.incarnation());
    ModelFolder.write(disk, draft, head);
    disk.rename(draft, place);
  }

  /** Opens a model that processes share, as far as it has come to a version. */
  public ModelFolder follow(ModelHead head, VersionInfo newest, int keepVersions) {
    return ModelFolder.follow(disk, models.resolve(head.model()), head, newest, keepVersions);
  }

  /** Opens a model as it was left; version 0, if it is zeros, counts as one of those kept. */
  public ModelFolder open(String model, int keepVersions) {
    return ModelFolder.open(disk, models.resolve(model), keepVersions);
  }

  /**
   * Removes a model and all it stored. It is gone at once, also after a crash; files that cannot be
   * deleted now are deleted at the next start.
   *
   * @param folder closed before its files go, or null if it could not be opened
   */
  public void delete(String model, @Nullable ModelFolder folder) {
    Path out = trash.resolve("%s-%s".formatted(model, System.nanoTime()));
    disk.rename(models.resolve(model), out);
    if (folder != null) {
      folder.removed();
    }
    try {
      disk.delete(out);
    } catch (StorageException e) {
      // the model is gone; its files are deleted at the next start
    }
  }

  /** Bytes that may still be written to its disk. */
  public long free() {
    return disk.free(models);
  }

  @Override
  public void close() {
    disk.close(lockFile, lock);
  }
}
