package io.fedstep.store;

import io.fedstep.codec.Json;
import io.fedstep.model.Name;
import io.fedstep.privacy.Standing;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** The folder of all models, held by one server at a time. */
public final class DataFolder implements AutoCloseable {
  private static final int FORMAT = 1;

  private final Disk disk;
  private final Path models;
  private final Path trashFolder;
  private final Trash trash;
  private final Path lockFile;
  private final FileChannel lock;
  private final AtomicLong drafts = new AtomicLong();

  /**
   * Opens the folder, or makes it, for this server alone.
   *
   * @param keepDeleted how long a deleted model can be put back
   * @param mostDeleted how many of them can be
   * @throws StorageException if another server holds it, or a newer version of fedstep wrote it
   */
  public DataFolder(
      Disk disk, Path root, Duration keepDeleted, int mostDeleted, InstantSource clock) {
    this(disk, root, false, keepDeleted, mostDeleted, clock);
  }

  /** The same without keeping what is deleted. */
  public DataFolder(Disk disk, Path root) {
    this(disk, root, false, Duration.ZERO, 0, () -> Instant.EPOCH);
  }

  private DataFolder(
      Disk disk,
      Path root,
      boolean shared,
      Duration keepDeleted,
      int mostDeleted,
      InstantSource clock) {
    StorageException.Want.learn();
    disk.createFolder(root);
    lockFile = root.resolve("lock");
    models = root.resolve("models");
    trashFolder = root.resolve("trash");
    trash = new Trash(disk, trashFolder, keepDeleted, mostDeleted, clock);
    this.disk = disk.with(trash);
    lock = lock(lockFile, shared);
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
    return new DataFolder(disk, root, true, Duration.ZERO, 0, () -> Instant.EPOCH);
  }

  private void begin(Path root, boolean shared) {
    checkFormat(root.resolve("format.json"), shared);
    disk.createFolder(models);
    disk.createFolder(trashFolder);
    disk.keepToItself(models);
    disk.keepToItself(trashFolder);
    disk.forceFolder(models); // a model that a killed process made or removed stays so
    disk.forceFolder(trashFolder);
    if (!shared) { // else it may be what another server is just making
      trash.recover();
    }
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
    Path place = freePlace(head.model());
    Path draft = draft(head);
    NewFolder.write(disk, draft, head);
    disk.rename(draft, place);
  }

  private Path draft(ModelHead head) {
    return trashFolder.resolve("new-" + head.incarnation());
  }

  /**
   * Writes a model apart from the others whose version 0 has the numbers of another model's
   * version; {@link #place} or {@link #drop} follows.
   *
   * @param carried what it carries along, of a private model
   */
  public void copy(ModelHead head, Version from, @Nullable Standing carried) {
    from.whileHeld(() -> NewFolder.write(disk, draft(head), head, from, carried));
  }

  /** Makes what {@link #copy} wrote a model. */
  public void place(ModelHead head) {
    disk.rename(draft(head), freePlace(head.model()));
  }

  /** Removes what {@link #copy} wrote, unless it is in its place. */
  public void drop(ModelHead head) {
    disk.delete(draft(head));
  }

  /**
   * Where a model's folder is to come; what lies there is not replaced, whoever has put it there.
   */
  private Path freePlace(String model) {
    Path place = models.resolve(model);
    if (disk.exists(place)) {
      throw Refusal.of(
              Problem.MODEL_EXISTS,
              "A %s called '%s' lies among the models' folders, and is no model that this server has"
                      .formatted(disk.isFolder(place) ? "folder" : "file", model)
                  + " opened: start it again to open it, or move it away.")
          .exception();
    }
    return place;
  }

  /** Opens a model that processes share, as far as it has come to a version. */
  public ModelFolder follow(ModelHead head, VersionInfo newest, int keepVersions) {
    return ModelFolder.follow(disk, models.resolve(head.model()), head, newest, keepVersions);
  }

  /** Opens a model as it was left; version 0, if it is zeros, counts as one of those kept. */
  public ModelFolder open(String model, int keepVersions) {
    return ModelFolder.open(disk, models.resolve(model), keepVersions, drafts);
  }

  /**
   * Moves a model and all it stored to the trash. It is gone at once, also after a crash.
   *
   * @param folder closed before its files go, or null if it could not be opened
   */
  public void delete(String model, @Nullable ModelFolder folder) {
    trash.put(models.resolve(model));
    if (folder != null) {
      folder.removed();
    }
    trash.expire();
  }

  /** Removes a model that was never opened, if its folder is there, without keeping it. */
  public void discard(String model) {
    Path place = models.resolve(model);
    if (disk.exists(place)) {
      Path out = trashFolder.resolve("discarded-" + model);
      disk.rename(place, out);
      disk.delete(out);
    }
  }

  /**
   * Puts the model of that name back that was deleted last, to be opened.
   *
   * @return false if there is none
   */
  public boolean undelete(String model) {
    return trash.putBack(freePlace(model));
  }

  /** The models that were deleted and can be put back, the last to be deleted first. */
  public List<Deleted> deleted() {
    return trash.all();
  }

  /** Removes deleted models that were kept for their time. */
  public void expire() {
    trash.expire();
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
