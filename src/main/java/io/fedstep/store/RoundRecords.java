package io.fedstep.store;

import io.fedstep.codec.RecordCodec;
import io.fedstep.round.RoundRecord;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;

/** The records of a model's rounds whose version is kept no more, a document each. */
final class RoundRecords {
  private static final String ENDING = ".json";

  private final Disk disk;
  private final Path folder;
  private final boolean shared;
  private final ConcurrentSkipListSet<Long> rounds = new ConcurrentSkipListSet<>();

  /** The records in a folder. */
  RoundRecords(Disk disk, Path folder, boolean shared) {
    this.disk = disk;
    this.folder = folder;
    this.shared = shared;
    for (String name : Names.in(disk, folder, Names.numbered(ENDING), Names.FRESH)) {
      if (!Names.FRESH.test(name)) {
        rounds.add(Names.number(name, ENDING));
      }
    }
  }

  /** The rounds that have a record here. */
  Set<Long> rounds() {
    return rounds;
  }

  boolean has(long round) {
    return rounds.contains(round);
  }

  /** Whether several processes write them. */
  boolean isShared() {
    return shared;
  }

  /** Whether the record's document is there, which another process may still have to write. */
  boolean isWritten(long round) {
    return disk.exists(file(round));
  }

  RoundRecord read(long round) {
    return Document.read(disk, file(round), RecordCodec::read);
  }

  /** Keeps a record durably. */
  void write(String model, RoundRecord record) {
    Document.write(disk, file(record.round()), RecordCodec.write(model, record), shared);
    know(record.round());
  }

  /** Takes note of a record that another process writes. */
  void know(long round) {
    rounds.add(round);
  }

  /** The oldest records beyond so many, of rounds before {@code needed}. */
  List<Long> old(long needed, int keep) {
    return rounds.headSet(needed).stream().limit(Math.max(0, rounds.size() - keep)).toList();
  }

  /** Takes note of a record that another process removes. */
  void forget(long round) {
    rounds.remove(round);
  }

  void delete(long round) {
    forget(round);
    disk.delete(file(round));
  }

  private Path file(long round) {
    return folder.resolve(Names.of(round) + ENDING);
  }
}
