package io.fedstep.codec;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The CRC-32C of a run of bytes that come in pieces, in any order and from several threads. */
public final class JoinedCrc32c {
  private final List<Piece> pieces = new ArrayList<>();
  private long usual;
  private int usualPower = Crc32c.power(0);

  /** A piece, or several one after another. */
  public record Piece(long offset, long length, int crc) {
    private long end() {
      return offset + length;
    }
  }

  /** Takes a piece. */
  public synchronized void add(long offset, long length, int crc) {
    var next = new Piece(offset, length, crc);
    boolean follows = !pieces.isEmpty() && pieces.getLast().end() == offset;
    pieces.add(follows ? joined(pieces.removeLast(), next) : next);
  }

  private Piece joined(Piece first, Piece second) {
    if (second.length != usual) { // most pieces have one length
      usual = second.length;
      usualPower = Crc32c.power(usual);
    }
    int crc = Crc32c.multiply(usualPower, first.crc) ^ second.crc;
    return new Piece(first.offset, first.length + second.length, crc);
  }

  /** Takes pieces that were joined elsewhere. */
  public void addAll(List<Piece> others) {
    others.forEach(piece -> add(piece.offset, piece.length, piece.crc));
  }

  /** The added pieces by offset, adjacent ones joined. */
  public synchronized List<Piece> pieces() {
    List<Piece> all = List.copyOf(pieces);
    pieces.clear();
    all.stream()
        .sorted(Comparator.comparingLong(Piece::offset))
        .forEach(piece -> add(piece.offset, piece.length, piece.crc));
    return List.copyOf(pieces);
  }

  /**
   * The checksum of the first {@code length} bytes, or null if that is not what came: a piece is
   * missing, or came twice.
   */
  public synchronized @Nullable Integer of(long length) {
    pieces.sort(Comparator.comparingLong(Piece::offset));
    var all = new Piece(0, 0, 0);
    for (Piece next : pieces) {
      if (next.offset != all.end()) {
        return null;
      }
      all = joined(all, next);
    }
    return all.length == length ? all.crc : null;
  }
}
