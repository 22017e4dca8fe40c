package io.fedstep.store;

import io.fedstep.round.Reported;
import java.nio.file.Path;
import java.util.function.LongFunction;

/** A model's folder as a process sees it that learns from others what they have done there. */
public final class Follower {
  private final Disk disk;
  private final Path folder;
  private final SavedHead head;
  private final KeptVersions versions;

  Follower(Disk disk, Path folder, SavedHead head, KeptVersions versions) {
    this.disk = disk;
    this.folder = folder;
    this.head = head;
    this.versions = versions;
  }

  /** Takes note of a head that another process has saved. */
  public void headSaved(ModelHead next) {
    head.know(next);
  }

  /**
   * Publishes the versions before one that another process has made, if nobody told of them: a
   * process that was away for long hears of the last alone.
   *
   * @return whether there were any
   */
  public boolean publishBefore(VersionInfo info) {
    return versions.publishBefore(info.version());
  }

  /** A version that another process has made, to be published. */
  public Version versionMade(VersionInfo info) {
    return Version.written(disk, folder.resolve(Names.of(info.version())), head.spec(), info);
  }

  /** Takes note of versions and records that another process removes, now or a little later. */
  public void pruned(int keepVersions, int keepRounds) {
    versions.forget(keepVersions, keepRounds);
  }

  /**
   * Writes the records of the versions beyond so many, which are about to go.
   *
   * @param reports what clients reported of each version, by number
   */
  public void writeRecords(int keepVersions, LongFunction<Reported> reports) {
    versions.writeRecords(keepVersions, version -> reports.apply(version.info().version()));
  }

  /** Saves the head unless that has been done, perhaps by another process. */
  public void saveHeadAgain() {
    head.saveAgain();
  }

  /** Drafts that processes share. */
  public SharedDrafts drafts() {
    return new SharedDrafts(disk, folder, head);
  }
}
