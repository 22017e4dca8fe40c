package io.fedstep.store;

import io.fedstep.model.ModelSpec;
import io.fedstep.round.Decision;
import io.fedstep.round.Round;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The folder of the open round: its journal, and the update matrix that outlives it. */
public final class OpenRound implements AutoCloseable {
  private static final String MATRIX = "updates.bin";
  private static final String JOURNAL = "journal.jsonl";
  private static final String REBASED_JOURNAL = "rebased.jsonl";

  private final Path folder;
  private final Round round;
  private final Journal journal;
  private final UpdateMatrix matrix;

  private OpenRound(Path folder, Round round, Journal journal, UpdateMatrix matrix) {
    this.folder = folder;
    this.round = round;
    this.journal = journal;
    this.matrix = matrix;
  }

  /** A new round with a new matrix. */
  static OpenRound create(Path folder, ModelHead head, Round round) {
    long stride = UpdateMatrix.stride(head.spec().vectorBytes());
    Journal journal = begin(folder, head, round, stride);
    return new OpenRound(
        folder, round, journal, new UpdateMatrix(folder.resolve(MATRIX), head.spec(), stride));
  }

  /** Makes a round's folder with its journal; nothing refers to it before its version exists. */
  private static Journal begin(Path folder, ModelHead head, Round round, long stride) {
    Disk.delete(folder); // of a crash before the journal was durable, or before the version
    Disk.createFolder(folder);
    Journal journal =
        Journal.create(folder.resolve(JOURNAL), head.model(), head.spec(), round, stride);
    Disk.forceFolder(folder.resolveSibling("."));
    return journal;
  }

  /** Begins the round after this one, which takes over the matrix. */
  Journal beginNext(Path nextFolder, ModelHead head, Round next) {
    return begin(nextFolder, head, next, matrix.stride());
  }

  /** The round that a journal holds, or null where the journal was not begun. */
  static @Nullable OpenRound open(Path folder, ModelSpec spec) {
    Path path = folder.resolve(JOURNAL);
    if (!Disk.exists(folder.resolve(MATRIX)) // which is there before an update is
        && (!Disk.exists(path) || !Journal.isBegun(path))) {
      return null;
    }
    Journal.Replayed replayed = Journal.open(path, spec);
    Disk.forceFolder(folder);
    var matrix = new UpdateMatrix(folder.resolve(MATRIX), spec, replayed.stride());
    matrix.recover(replayed.round().view());
    return new OpenRound(folder, replayed.round(), replayed.journal(), matrix);
  }

  /** Removes rounds that are over, and one whose version was never committed. */
  static void removeOthers(Path folder, long newest) {
    for (String name : Names.in(folder, name -> isRound(folder.resolve(name)))) {
      Path path = folder.resolve(name);
      if (!Names.numbered("").test(name)) {
        throw new CorruptionException(path, "a round's number", "another name");
      }
      long round = Names.number(name, "");
      if (round > newest && decisions(path) > 0) {
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
        || Disk.exists(path.resolve(JOURNAL))
        || Disk.exists(path.resolve(MATRIX));
  }

  /** How many decisions there are in a round's folder. */
  private static int decisions(Path folder) {
    Path path = folder.resolve(JOURNAL);
    return Disk.exists(path) && Journal.isBegun(path) ? Journal.decisions(path) : 0;
  }

  /** The round after this one; the matrix moves there, with the rows that uploads still write. */
  OpenRound next(Path nextFolder, Round nextRound, Journal nextJournal) {
    matrix.advance(nextFolder.resolve(MATRIX), round.view());
    journal.close();
    Disk.delete(folder);
    return new OpenRound(nextFolder, nextRound, nextJournal, matrix);
  }

  /** Makes the journal of the same round on other weights, while no update is in it. */
  Journal beginRebased(ModelHead head, Round other) {
    return Journal.create(
        folder.resolve(REBASED_JOURNAL), head.model(), head.spec(), other, matrix.stride());
  }

  /** The same round on other weights, which exist by now. */
  OpenRound rebased(Round other, Journal begun) {
    begun.rename(folder.resolve(JOURNAL));
    journal.close();
    return new OpenRound(folder, other, begun, matrix);
  }

  /** Appends decisions to the journal, all or none, and makes them count. */
  public void take(List<Decision> decisions) {
    journal.append(decisions);
    decisions.forEach(round::apply);
  }

  /** The round. */
  public Round round() {
    return round;
  }

  /** Where its decisions go. */
  public Journal journal() {
    return journal;
  }

  /** Where its numbers are. */
  public UpdateMatrix matrix() {
    return matrix;
  }

  @Override
  public void close() {
    journal.close();
    matrix.close();
  }
}
