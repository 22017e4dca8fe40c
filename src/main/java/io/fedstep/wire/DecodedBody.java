package io.fedstep.wire;

import io.fedstep.quota.InputInTurns;
import io.fedstep.quota.Places;
import io.fedstep.quota.Turns;
import jakarta.servlet.http.HttpServletRequest;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** A body whose decoding takes the processor for long: in turns, and in places where they count. */
final class DecodedBody extends FilterInputStream {
  private final Turns.Turn turn;
  private final Places.@Nullable Place place;

  private DecodedBody(InputStream expanded, Turns.Turn turn, Places.@Nullable Place place) {
    super(expanded);
    this.turn = turn;
    this.place = place;
  }

  /** What a body holds in a coding; to be closed, which leaves the body itself open. */
  static DecodedBody open(InputStream whole, Coding coding, HttpServletRequest request)
      throws IOException {
    HeavyWork work = Exchange.of(request).work();
    String holder = Exchange.holder(request);
    Turns.Turn turn = work.turn(holder);
    Places.Place place =
        coding == Coding.ZSTD ? work.decoders().acquire(holder, HeavyWork.PATIENCE) : null;
    try {
      InputStream body =
          coding == Coding.IDENTITY ? whole : new Counted(whole, Exchange.of(request));
      return new DecodedBody(coding.expand(new InputInTurns(body, turn)), turn, place);
    } catch (IOException | RuntimeException e) {
      turn.end();
      if (place != null) {
        place.close();
      }
      throw e;
    }
  }

  /** A compressed body whose bytes are counted. */
  private static final class Counted extends FilterInputStream {
    private final Exchange exchange;

    Counted(InputStream body, Exchange exchange) {
      super(body);
      this.exchange = exchange;
    }

    @Override
    public int read() throws IOException {
      int value = super.read();
      exchange.countCompressed(value < 0 ? 0 : 1);
      return value;
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
      int count = super.read(bytes, from, length);
      exchange.countCompressed(Math.max(count, 0));
      return count;
    }

    @Override
    public long skip(long bytes) throws IOException {
      long count = super.skip(bytes);
      exchange.countCompressed(count);
      return count;
    }
  }

  @Override
  public int read() throws IOException {
    int value = super.read();
    turn.worked(1);
    return value;
  }

  @Override
  public int read(byte[] bytes, int from, int length) throws IOException {
    int count = super.read(bytes, from, length);
    turn.worked(Math.max(count, 0));
    return count;
  }

  @Override
  public void close() throws IOException {
    try {
      super.close();
    } finally {
      turn.end();
      if (place != null) {
        place.close();
      }
    }
  }
}
