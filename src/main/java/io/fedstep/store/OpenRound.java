package io.fedstep.store;

import io.fedstep.model.ModelSpec;
import io.fedstep.round.Decision;
import io.fedstep.round.Payload;
import io.fedstep.round.Protocol;
import io.fedstep.round.Round;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The folder of the open round: its journal, and the update matrix that outlives it. */
public final class OpenRound implements AutoCloseable {
  private static final String MATRIX = "updates.bin";
  private static final String JOURNAL = "journal.jsonl";
  private static final String REBASED_JOURNAL = "rebased.jsonl";

  private final Disk disk;
  private final Path folder;
  private final Round round;
  private final Journal journal;
  private final UpdateMatrix matrix;

  private OpenRound(Disk disk, Path folder, Round round, Journal journal, UpdateMatrix matrix) {
    this.disk = disk;
    this.folder = folder;
    this.round = round;
    this.journal = journal;
    this.matrix = matrix;
  }

  /** A new round with a new matrix. */
  static OpenRound create(Disk disk, Path folder, ModelHead head, Payload.Row row, Round round) {
    var layout = new RowLayout(head.spec(), row, RowLayout.stride(row.bytes()));
    Journal journal = begin(disk, folder, head.model(), layout, round);
    return new OpenRound(
        disk, folder, round, journal, new UpdateMatrix(disk, folder.resolve(MATRIX), layout));
  }

  /** Makes a round's folder with its journal; nothing refers to it before its version exists. */
  private static Journal begin(
      Disk disk, Path folder, String model, RowLayout layout, Round round) {
    disk.delete(folder); // of a crash before the journal was durable, or before the version
    disk.createFolder(folder);
    Journal journal = Journal.create(disk, folder.resolve(JOURNAL), model, layout, round);
    disk.forceFolder(folder.resolveSibling("."));
    return journal;
  }

  /** Begins the round after this one, which takes over the matrix. */
  Journal beginNext(Path nextFolder, ModelHead head, Round next) {
    return begin(disk, nextFolder, head.model(), matrix.layout(), next);
  }

  /** The round that a journal holds, or null where the journal was not begun. */
  static @Nullable OpenRound open(Disk disk, Path folder, ModelSpec spec, Protocol protocol) {
    Path path = folder.resolve(JOURNAL);
    if (!disk.exists(folder.resolve(MATRIX)) // which is there before an update is
        && (!disk.exists(path) || !Journal.isBegun(disk, path))) {
      return null;
    }
    Journal.Replayed replayed = Journal.open(disk, path, protocol);
    disk.forceFolder(folder);
    var layout = new RowLayout(spec, protocol.row(), replayed.stride());
    var matrix = new UpdateMatrix(disk, folder.resolve(MATRIX), layout);
    matrix.recover(replayed.round().view());
    return new OpenRound(disk, folder, replayed.round(), replayed.journal(), matrix);
  }

  /** Removes rounds that are over, and one whose version was never committed. */
  static void removeOthers(Disk disk, Path folder, long newest) {
    for (String name :
        Names.in(
            disk, folder, PausedFolder.NAME::equals, name -> isRound(disk, folder.resolve(name)))) {
      if (name.equals(PausedFolder.NAME)) {
        continue;
      }
      Path path = folder.resolve(name);
      if (!Names.numbered("").test(name)) {
        throw new CorruptionException(path, "a round's number", "another name");
      }
      long round = Names.number(name, "");
      if (round > newest && decisions(disk, path) > 0) {
        throw new CorruptionException(
            path, "version %s, from which it trains".formatted(round), newest + " as the newest");
      }
      if (round != newest) {
        disk.delete(path);
      }
    }
  }

  /** Whether this is a round, or what a crash has left of one. */
  private static boolean isRound(Disk disk, Path path) {
    return Names.numbered("").test(path.getFileName().toString())
        || disk.exists(path.resolve(JOURNAL))
        || disk.exists(path.resolve(MATRIX));
  }

  /** How many decisions there are in a round's folder. */
  private static int decisions(Disk disk, Path folder) {
    Path path = folder.resolve(JOURNAL);
    return disk.exists(path) && Journal.isBegun(disk, path) ? Journal.decisions(disk, path) : 0;
  }

  /** The round after this one; the matrix moves there, with the rows that uploads still write. */
  OpenRound next(Path nextFolder, Round nextRound, Journal nextJournal) {
    matrix.advance(nextFolder.resolve(MATRIX), round.view());
    journal.close();
    disk.delete(folder);
    return new OpenRound(disk, nextFolder, nextRound, nextJournal, matrix);
  }

  /** Creates the journal of this round with other weights as its base, while it has no update. */
  Journal beginRebased(ModelHead head, Round other) {
    return Journal.create(
        disk, folder.resolve(REBASED_JOURNAL), head.model(), matrix.layout(), other);
  }

  /** This round with other weights as its base, which are committed by now. */
  OpenRound rebased(Round other, Journal begun) {
    begun.rename(folder.resolve(JOURNAL));
    journal.close();
    return new OpenRound(disk, folder, other, begun, matrix);
  }

  /** Appends decisions to the journal, all or none, and applies them to the round. */
  public void append(List<Decision> decisions) {
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
