package io.fedstep.store;

import io.fedstep.codec.StateDocument;
import io.fedstep.model.ModelSpec;
import io.fedstep.round.Plain;
import io.fedstep.round.Protocol;
import io.fedstep.round.Reported;
import io.fedstep.round.Round;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.UpdateMetadata;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A model on disk: its head, its versions, the records of its rounds, reports and the open round.
 * Reading is for every thread, changing for one.
 */
public final class ModelFolder implements AutoCloseable {
  static final String DRAFT = ".draft-";

  private final Disk disk;
  private final Path versionsFolder;
  private final Path openFolder;
  private final SavedHead head;
  private final KeptVersions versions;
  private final RetiredVersions retired;
  private final VersionReports reports;
  private final AtomicLong drafts;
  private final long versionBytes;
  private @Nullable OpenRound open;

  private ModelFolder(
      Disk disk,
      Path folder,
      SavedHead head,
      RoundRecords records,
      FoundVersions found,
      boolean shared,
      AtomicLong drafts) {
    this.disk = disk;
    this.drafts = drafts;
    this.head = head;
    versionsFolder = folder.resolve(Folders.VERSIONS);
    versions = new KeptVersions(disk, versionsFolder, head, records, found);
    openFolder = folder.resolve(Folders.OPEN);
    retired = new RetiredVersions(disk, versionsFolder, shared);
    reports = new VersionReports(disk, folder.resolve(Folders.REPORTS));
    versionBytes = 2 * head.spec().vectorBytes() + StateDocument.length(head.spec());
  }

  /**
   * Opens a model as the last process left it; a {@code CorruptionException} says what is wrong.
   *
   * @param drafts numbers them: those of a model that was deleted meanwhile may still be written
   */
  static ModelFolder open(Disk disk, Path folder, int keepVersions, AtomicLong drafts) {
    SavedHead head = SavedHead.read(disk, folder);
    disk.forceFolder(folder); // a process that was killed may not have come to that
    for (String inner : List.of(Folders.VERSIONS, Folders.ROUNDS, Folders.OPEN)) {
      disk.forceFolder(folder.resolve(inner));
    }
    FoundVersions found =
        FoundVersions.recover(disk, folder.resolve(Folders.VERSIONS), head, keepVersions);
    var records = new RoundRecords(disk, folder.resolve(Folders.ROUNDS), false);
    var model = new ModelFolder(disk, folder, head, records, found, false, drafts);
    model.reports.recover(model.versions::has);
    model.newest().verify();
    OpenRound.removeOthers(disk, model.openFolder, model.newest().info().version());
    return model;
  }

  /** Opens a model that processes share: what there is up to a version; nothing is removed. */
  static ModelFolder follow(
      Disk disk, Path folder, ModelHead known, VersionInfo newest, int keepVersions) {
    var head = new SavedHead(disk, folder, known, true);
    FoundVersions found =
        FoundVersions.upTo(newest, disk, folder.resolve(Folders.VERSIONS), head, keepVersions);
    var records = new RoundRecords(disk, folder.resolve(Folders.ROUNDS), true);
    return new ModelFolder(disk, folder, head, records, found, true, new AtomicLong());
  }

  /** The folder as one of several processes sees it. */
  public Follower follower() {
    return new Follower(disk, versionsFolder, head, versions);
  }

  /** The tag of a version's weights. */
  public String base(long version) {
    return head.base(version);
  }

  /** The model's head. */
  public ModelHead head() {
    return head.head();
  }

  /** The model's spec. */
  public ModelSpec spec() {
    return head.spec();
  }

  /** Replaces the head durably. */
  public void save(ModelHead next) {
    head.save(next);
  }

  /** The newest version. */
  public Version newest() {
    return versions.newest();
  }

  /** A version that is kept, or null. */
  public @Nullable Version version(long number) {
    return versions.version(number);
  }

  /** The versions kept, newest first. */
  public List<Version> versions() {
    return versions.all();
  }

  /** The versions kept if so many are, beside those with a tag; newest first. */
  public List<Version> versions(int keep) {
    return versions.within(keep);
  }

  /** The record of a round that is over, or null where there is none, or none any more. */
  public @Nullable RoundRecord record(long round) {
    return versions.record(round);
  }

  /** The numbers of at most {@code limit} recorded rounds before {@code before}, newest first. */
  public List<Long> recorded(long before, int limit) {
    return versions.recorded(before, limit);
  }

  /** The reports on a version that is kept, to be added to. */
  public Reports reports(long version) {
    return reports.of(version);
  }

  /** The last report of each client on a version. */
  public Map<String, UpdateMetadata> reported(long version) {
    return reports.latest(version);
  }

  /**
   * Bytes that the version of the open round will take on the disk: none where it is written over
   * the files of a version that is kept no more.
   */
  public long bytesOfNext() {
    return retired.hasSpare() ? 0 : versionBytes;
  }

  /** The uploads that have not come to their end. */
  public PausedFolder pausedUploads() {
    return new PausedFolder(disk, openFolder);
  }

  /** Begins a version. */
  public VersionDraft draft() {
    return new VersionDraft(
        disk, versionsFolder.resolve(DRAFT + drafts.incrementAndGet()), spec(), head().model());
  }

  /**
   * Begins the version of a round, all of whose files are written from their begin to their end:
   * over those of a version that was pruned, since writing over blocks that exist is faster.
   */
  public VersionDraft roundDraft() {
    Path over = retired.reuse();
    return over == null ? draft() : new VersionDraft(disk, over, spec(), head().model());
  }

  /** A version that exists on disk, and the round that trains from it. */
  public record Advance(Version version, OpenRound open) {}

  /**
   * Makes a draft the next version on disk, with the record of the round that it ends. The returned
   * supplier opens the round that trains from it; it may be called again if the disk is full. The
   * version is shown once it is published.
   */
  public Supplier<Advance> advance(
      VersionDraft draft, VersionInfo info, RoundRecord record, OpenRound over, Round next) {
    draft.seal(info, record);
    Path path = openFolder.resolve(Names.of(next.number()));
    Journal begun = over.beginNext(path, head(), next);
    Version version = draft.commit(versionsFolder.resolve(Names.of(info.version())), info);
    return () -> opened(version, over.next(path, next, begun));
  }

  /** Makes a draft version 0, and opens its round anew; as {@link #advance}. */
  public Supplier<Advance> begin(
      VersionDraft draft, VersionInfo info, OpenRound before, Round round) {
    draft.seal(info, null);
    Journal begun = before.beginRebased(head(), round);
    Version version = draft.commit(versionsFolder.resolve(Names.of(info.version())), info);
    return () -> {
      reports.delete(info.version());
      return opened(version, before.rebased(round, begun));
    };
  }

  private Advance opened(Version version, OpenRound next) {
    open = next;
    return new Advance(version, next);
  }

  /** Shows a committed version to everybody. */
  public void publish(Version version) {
    versions.publish(version);
  }

  /**
   * Removes the versions and records beyond those to be kept; the files of a version that is being
   * read are removed by a later call.
   */
  public void prune(int keepVersions, int keepRounds) {
    versions.retireBeyond(
        keepVersions,
        version -> Reported.of(reported(version.info().version()).values(), spec()),
        version -> {
          reports.delete(version.info().version());
          retired.add(version);
        });
    retired.removeFree();
    versions.removeOld(keepRounds);
  }

  /** Whether there is a journal of the open round, as one machine has it. */
  public boolean hasOpenRound() {
    return disk.exists(openFolder.resolve(Names.of(newest().info().version())));
  }

  /** The open round of updates as the last process left it, or a new one. */
  public OpenRound openRound(Function<VersionInfo, Round> fresh) {
    return openRound(Plain.of(spec()), fresh);
  }

  /** The open round as the last process left it, or a new one on the newest version. */
  public OpenRound openRound(Protocol protocol, Function<VersionInfo, Round> fresh) {
    VersionInfo newest = newest().info();
    Path path = openFolder.resolve(Names.of(newest.version()));
    OpenRound found = disk.exists(path) ? OpenRound.open(disk, path, spec(), protocol) : null;
    if (found != null && !found.round().base().equals(newest.base())) {
      if (found.round().hasMessages()) {
        throw new CorruptionException(
            path, "a round that trains from " + newest.base(), found.round().base());
      }
      // the weights were set, and the crash came before the round was opened again
      Round onThese = fresh.apply(newest);
      found = found.rebased(onThese, found.beginRebased(head(), onThese));
    }
    open =
        found == null
            ? OpenRound.create(disk, path, head(), protocol.row(), fresh.apply(newest))
            : found;
    return open;
  }

  /** Closes it after its files were removed; readers of its versions are refused from now on. */
  public void removed() {
    versions.retireAll();
    close();
  }

  @Override
  public void close() {
    reports.close();
    if (open != null) {
      open.close();
    }
  }
}
