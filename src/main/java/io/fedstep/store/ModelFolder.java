package io.fedstep.store;

import io.fedstep.codec.RecordCodec;
import io.fedstep.model.ModelSpec;
import io.fedstep.round.Round;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.UpdateHeader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A model on disk: its head, its versions, the records of its rounds and the open round. Reading is
 * for every thread, changing for one.
 */
public final class ModelFolder implements AutoCloseable {
  static final String HEAD = "model.json";

  /** The folders in a model's. */
  static final List<String> FOLDERS = List.of("versions", "rounds", "open", "reports");

  private static final Logger LOG = LoggerFactory.getLogger(ModelFolder.class);
  private static final String DRAFT = ".draft-";
  private static final String REPORTS = ".jsonl";
  private static final String RECORD = ".json";
  private static final Predicate<String> VERSIONS = Names.numbered("");
  private static final Pattern LEAVINGS =
      Pattern.compile("\\.(draft|old|round|exchange|handed)-.*|\\.(version|again)");

  private final Path folder;
  private final boolean shared;
  private final Path versionsFolder;
  private final Path roundsFolder;
  private final Path openFolder;
  private final Path reportsFolder;
  private final ConcurrentSkipListMap<Long, Version> versions = new ConcurrentSkipListMap<>();
  private final ConcurrentSkipListMap<Long, StorageException> unreadable =
      new ConcurrentSkipListMap<>();
  private final ConcurrentSkipListSet<Long> records = new ConcurrentSkipListSet<>();
  private final List<Version> leaving = new ArrayList<>();
  private final Map<Long, Reports> reports = new ConcurrentHashMap<>();
  private final AtomicLong drafts = new AtomicLong();
  private volatile ModelHead head;
  private @Nullable OpenRound open;
  private @Nullable Path spare;

  private ModelFolder(Path folder, ModelHead head, boolean shared) {
    this.folder = folder;
    this.head = head;
    this.shared = shared;
    versionsFolder = folder.resolve("versions");
    roundsFolder = folder.resolve("rounds");
    openFolder = folder.resolve("open");
    reportsFolder = folder.resolve("reports");
  }

  /** Writes a new model's folder, which is to be renamed to its place. */
  static void write(Path folder, ModelHead head) {
    Disk.createFolder(folder);
    for (String name : FOLDERS) {
      Disk.createFolder(folder.resolve(name));
    }
    Disk.writeDocument(folder.resolve(HEAD), head.write());
  }

  /**
   * Opens a model as the last process left it; a {@code CorruptionException} says what is wrong.
   */
  static ModelFolder open(Path folder, int keepVersions) {
    ModelHead head = ModelHead.read(folder.resolve(HEAD));
    String name = folder.getFileName().toString();
    if (!head.model().equals(name)) {
      throw new CorruptionException(folder.resolve(HEAD), "the model " + name, head.model());
    }
    var model = new ModelFolder(folder, head, false);
    model.recover(keepVersions);
    return model;
  }

  private void recover(int keepVersions) {
    for (Path seen : List.of(folder, versionsFolder, roundsFolder, openFolder)) {
      Disk.forceFolder(seen); // a process that was killed may not have come to that
    }
    for (String name : Names.in(versionsFolder, VERSIONS, LEAVINGS.asMatchPredicate())) {
      Path path = versionsFolder.resolve(name);
      if (LEAVINGS.matcher(name).matches()) {
        Disk.delete(path); // a draft that was never committed, or a version on its way out
      } else {
        find(path, Names.number(name, ""));
      }
    }
    Map.Entry<Long, StorageException> bad = unreadable.lastEntry();
    if (bad != null && (versions.isEmpty() || bad.getKey() > versions.lastKey())) {
      throw bad.getValue(); // the newest
    }
    addZeros(keepVersions);
    findRecords();
    if (!Disk.exists(reportsFolder)) {
      Disk.createFolder(reportsFolder); // a model of before there were reports
    }
    for (String name : Names.in(reportsFolder, Names.numbered(REPORTS), Names.FRESH)) {
      Path path = reportsFolder.resolve(name);
      long version = Names.FRESH.test(name) ? -1 : Names.number(name, REPORTS);
      if (versions.containsKey(version)) {
        reports.put(version, Reports.at(path));
      } else {
        Disk.delete(path); // of a version that is gone, or never finished
      }
    }
    newest().verify();
    findRounds();
  }

  /** A version whose document cannot be read is a matter of its own, unless it is the newest. */
  private void find(Path path, long number) {
    try {
      Version version = Version.found(path, head.spec());
      if (version.info().version() != number) {
        throw new CorruptionException(
            path.resolve(Version.DOCUMENT), "version " + number, "" + version.info().version());
      }
      versions.put(number, version);
    } catch (StorageException e) {
      if (e.passes()) {
        throw e;
      }
      unreadable.put(number, e.of(number));
    }
  }

  /** Removes rounds that are over, and one whose version was never committed. */
  private void findRounds() {
    for (String name : Names.in(openFolder, name -> isRound(openFolder.resolve(name)))) {
      Path path = openFolder.resolve(name);
      long newest = newest().info().version();
      if (!Names.numbered("").test(name)) {
        throw new CorruptionException(path, "a round's number", "another name");
      }
      long round = Names.number(name, "");
      if (round > newest && OpenRound.decisions(path) > 0) {
        throw new CorruptionException(
            path, "version %s, from which it trains".formatted(round), newest + " as the newest");
      }
      if (round != newest) {
        Disk.delete(path);
      }
    }
  }

  /** Whether this is a round, or what a crash has left of one. */
  private static boolean isRound(Path path) {
    return Names.numbered("").test(path.getFileName().toString())
        || Disk.exists(path.resolve(OpenRound.JOURNAL))
        || Disk.exists(path.resolve(OpenRound.MATRIX));
  }

  /** Opens a model that processes share: what there is up to a version; nothing is removed. */
  static ModelFolder follow(Path folder, ModelHead head, VersionInfo newest) {
    var model = new ModelFolder(folder, head, true);
    for (String name : Names.in(model.versionsFolder, VERSIONS, LEAVINGS.asMatchPredicate())) {
      if (VERSIONS.test(name) && Names.number(name, "") <= newest.version()) {
        Version version = Version.found(model.versionsFolder.resolve(name), head.spec());
        model.versions.put(version.info().version(), version);
      }
    }
    if (newest.madeBy() == VersionInfo.MadeBy.CREATED) {
      model.versions.put(0L, Version.zeros(head, newest));
    }
    if (!model.versions.containsKey(newest.version())) {
      throw new CorruptionException(
          model.versionsFolder, "version " + newest.version(), "no folder of it");
    }
    model.findRecords();
    return model;
  }

  private void findRecords() {
    for (String name : Names.in(roundsFolder, Names.numbered(RECORD), Names.FRESH)) {
      if (!Names.FRESH.test(name)) {
        records.add(Names.number(name, RECORD));
      }
    }
  }

  /** Counts the zeros of the creation, which have no folder, among versions that are so few. */
  public void addZeros(int keepVersions) {
    if (versions.isEmpty()
        || (!versions.containsKey(0L) && versions.size() < keepVersions && beganWithZeros())) {
      versions.put(0L, Version.zeros(head));
    }
  }

  private boolean beganWithZeros() {
    Version first = versions.get(1L);
    RoundRecord round = first == null ? null : first.round();
    return round != null && round.base().equals(base(0)); // that of weights ends otherwise
  }

  /** Takes note of a head that another process has saved. */
  public void know(ModelHead next) {
    head = next;
  }

  /** A version that another process has made, to be published. */
  public Version made(VersionInfo info) {
    return Version.written(versionsFolder.resolve(Names.of(info.version())), spec(), info);
  }

  /** Takes note of what another process prunes, now or a little later. */
  public void forget(int keepVersions, int keepRounds) {
    while (versions.size() > keepVersions) {
      Version oldest = versions.firstEntry().getValue();
      if (oldest.info().version() > 0) {
        records.add(oldest.info().version() - 1);
      }
      oldest.retire();
      versions.remove(oldest.info().version());
    }
    oldRecords(keepRounds).forEach(records::remove);
  }

  /** The records to be removed; those that tell repeats from updates are not among them. */
  private List<Long> oldRecords(int keepRounds) {
    long needed = newest().info().version() - spec().round().maxStaleness();
    return records.headSet(needed).stream()
        .limit(Math.max(0, records.size() - keepRounds))
        .toList();
  }

  /** Drafts that processes share. */
  public SharedDrafts sharedDrafts() {
    return new SharedDrafts(versionsFolder, this);
  }

  /** The tag of a version's weights. */
  public String base(long version) {
    return head.incarnation() + "-" + version;
  }

  /** The model's head. */
  public ModelHead head() {
    return head;
  }

  /** The model's spec. */
  public ModelSpec spec() {
    return head.spec();
  }

  /** Replaces the head durably. */
  public void save(ModelHead next) {
    Disk.writeDocument(folder.resolve(HEAD), next.write(), shared);
    head = next;
  }

  /** Saves the head unless that has been done, perhaps by another process. */
  public void saveAgain() {
    if (!ModelHead.read(folder.resolve(HEAD)).equals(head)) {
      save(head);
    }
  }

  /** The newest version. */
  public Version newest() {
    return versions.lastEntry().getValue();
  }

  /** A version that is kept, or null. */
  public @Nullable Version version(long number) {
    checkReadable(number);
    return versions.get(number);
  }

  private void checkReadable(long version) {
    StorageException why = unreadable.get(version);
    if (why != null) {
      throw why;
    }
  }

  /** The versions kept, newest first. */
  public List<Version> versions() {
    return List.copyOf(versions.descendingMap().values());
  }

  /** What clients reported of a version that is kept, to be added to. */
  public Reports reports(long version) {
    return reports.computeIfAbsent(
        version, number -> Reports.at(reportsFolder.resolve(Names.of(number) + REPORTS)));
  }

  /** What clients reported of a version, the last report of each. */
  public Map<String, UpdateHeader> reported(long version) {
    Reports found = reports.get(version);
    return found == null ? Map.of() : found.latest();
  }

  /** Begins a version. */
  public VersionDraft draft() {
    return new VersionDraft(
        versionsFolder.resolve(DRAFT + drafts.incrementAndGet()), spec(), head.model());
  }

  /**
   * Begins the version of a round, all of whose files are written from their begin to their end:
   * over those of a version that was pruned, since writing over blocks that exist is faster.
   */
  public VersionDraft roundDraft() {
    Path over = spare;
    if (over == null) {
      return draft();
    }
    Disk.delete(over.resolve(Version.DOCUMENT));
    spare = null;
    return new VersionDraft(over, spec(), head.model());
  }

  /** A version that exists on disk, and the round that trains from it. */
  public record Advance(Version version, OpenRound open) {}

  /**
   * Makes a draft the next version on disk, with the record of the round that it ends. What is
   * returned opens the round that trains from it, and may be tried again where the disk takes
   * nothing for now; nobody sees the version before it is published.
   */
  public Supplier<Advance> advance(
      VersionDraft draft, VersionInfo info, RoundRecord record, OpenRound over, Round next) {
    draft.seal(info, record);
    Path path = openFolder.resolve(Names.of(next.number()));
    Journal begun = over.beginNext(path, head, next);
    Version version = draft.commit(versionsFolder.resolve(Names.of(info.version())), info);
    return () -> opened(version, over.next(path, next, begun));
  }

  /** Makes a draft version 0, and opens its round anew; as {@link #advance}. */
  public Supplier<Advance> begin(
      VersionDraft draft, VersionInfo info, OpenRound before, Round round) {
    draft.seal(info, null);
    Journal begun = before.beginRebased(head, round);
    Version version = draft.commit(versionsFolder.resolve(Names.of(info.version())), info);
    return () -> {
      forgetReports(info.version());
      return opened(version, before.rebased(round, begun));
    };
  }

  private Advance opened(Version version, OpenRound next) {
    open = next;
    return new Advance(version, next);
  }

  /** Shows a committed version to everybody. */
  public void publish(Version version) {
    versions.put(version.info().version(), version);
  }

  /**
   * Removes the versions and records beyond those to be kept; the files of a version that somebody
   * holds go the next time.
   */
  public void prune(int keepVersions, int keepRounds) {
    while (versions.size() > keepVersions) {
      Version oldest = versions.firstEntry().getValue();
      RoundRecord round = lastRecord(oldest);
      if (round != null) {
        Disk.writeDocument(
            roundsFolder.resolve(Names.of(round.round()) + RECORD),
            RecordCodec.write(head.model(), round),
            shared);
        records.add(round.round());
      }
      oldest.retire();
      versions.remove(oldest.info().version());
      forgetReports(oldest.info().version());
      leaving.add(oldest);
    }
    for (Version free : leaving.stream().filter(Version::isFree).toList()) {
      leaving.remove(free);
      remove(free);
    }
    for (long old : List.copyOf(unreadable.headMap(versions.firstKey()).keySet())) {
      Disk.delete(versionsFolder.resolve(Names.of(old)));
      unreadable.remove(old);
    }
    for (long old : oldRecords(keepRounds)) {
      records.remove(old);
      Disk.delete(roundsFolder.resolve(Names.of(old) + RECORD));
    }
  }

  /** The record that a version has, if it can be read: a corrupt one is no matter to the others. */
  private @Nullable RoundRecord lastRecord(Version oldest) {
    try {
      return oldest.round();
    } catch (CorruptionException e) {
      LOG.error(
          "model {}: the record of round {} is lost", head.model(), oldest.info().version() - 1, e);
      return null;
    }
  }

  private void forgetReports(long version) {
    Reports gone = reports.remove(version);
    if (gone != null) {
      gone.close();
      Disk.delete(reportsFolder.resolve(Names.of(version) + REPORTS));
    }
  }

  private void remove(Version version) {
    if (version.folder() != null) {
      Path out = versionsFolder.resolve(".old-" + version.info().version());
      Disk.rename(version.folder(), out);
      // what processes share, another may still read
      if (spare == null && !shared && version.isReusable()) {
        spare = out;
      } else {
        Disk.delete(out);
      }
    }
  }

  /** The record of a round that is over, or null where there is none, or none any more. */
  public @Nullable RoundRecord record(long round) {
    checkReadable(round + 1);
    Version version = versions.get(round + 1);
    if (version != null) {
      try {
        return version.round();
      } catch (StorageException e) {
        if (versions.containsKey(round + 1)) {
          throw e;
        } // else its record has moved
      }
    }
    try {
      return records.contains(round) ? moved(round) : null;
    } catch (StorageException e) {
      if (records.contains(round)) {
        throw e;
      }
      return null; // removed in the meantime
    }
  }

  /** A record beside the versions; until it is there, it is with its version, forgotten here. */
  private @Nullable RoundRecord moved(long round) {
    Path document = roundsFolder.resolve(Names.of(round) + RECORD);
    if (!Disk.exists(document)) {
      try {
        return Version.found(versionsFolder.resolve(Names.of(round + 1)), spec()).round();
      } catch (StorageException e) {
        if (!Disk.exists(document)) {
          throw e;
        } // else it has moved in the meantime
      }
    }
    return Disk.readDocument(document, RecordCodec::read);
  }

  /** The numbers of at most {@code limit} recorded rounds before {@code before}, newest first. */
  public List<Long> recorded(long before, int limit) {
    var all = new ConcurrentSkipListSet<>(records);
    versions.keySet().stream().filter(version -> version > 0).forEach(v -> all.add(v - 1));
    return all.headSet(before).descendingSet().stream().limit(limit).toList();
  }

  /** Whether there is a journal of the open round, as one machine has it. */
  public boolean hasOpenRound() {
    return Disk.exists(openFolder.resolve(Names.of(newest().info().version())));
  }

  /** The open round as the last process left it, or a new one on the newest version. */
  public OpenRound openRound(Function<VersionInfo, Round> fresh) {
    VersionInfo newest = newest().info();
    Path path = openFolder.resolve(Names.of(newest.version()));
    OpenRound found = Disk.exists(path) ? OpenRound.open(path, spec()) : null;
    if (found != null && !found.round().base().equals(newest.base())) {
      if (found.round().updates() > 0) {
        throw new CorruptionException(
            path, "a round that trains from " + newest.base(), found.round().base());
      }
      // the weights were set, and the crash came before the round was opened again
      Round onThese = fresh.apply(newest);
      found = found.rebased(onThese, found.beginRebased(head, onThese));
    }
    open = found == null ? OpenRound.create(path, head, fresh.apply(newest)) : found;
    return open;
  }

  /** Closes it: its files are gone, and whoever still has a version of it is told so. */
  public void removed() {
    versions.values().forEach(Version::retire);
    close();
  }

  @Override
  public void close() {
    reports.values().forEach(Reports::close);
    if (open != null) {
      open.close();
    }
  }
}
