package io.fedstep.codec;

import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Tile;
import java.util.function.DoubleSupplier;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Numbers of JSON on their way to an intake: doubles, rounded to the dtype, a tile at a time. */
final class JsonNumbers {
  private static final int RUN = 1024;

  private final JsonParser parser;
  private final VectorIntake intake;
  private final double[] run;
  private long next;
  private long room;
  private int filled;

  JsonNumbers(JsonParser parser, VectorIntake intake) {
    this.parser = parser;
    this.intake = intake;
    run = new double[Math.min(RUN, intake.tile().length())];
  }

  /** Begins at {@code index} of the flat vector; numbers beyond the expected ones are dropped. */
  void begin(long index, long size) {
    next = index;
    room = size;
  }

  /**
   * Reads the array at whose begin the parser stands.
   *
   * @param other the value at which the parser stands, which may be no number
   * @return how many numbers came
   */
  long readArray(DoubleSupplier other) {
    var numbers = new NumberRun(ParserInput.under(parser));
    long count = 0;
    for (int read = 1; read > 0; count += read) {
      read = numbers.read(run, Math.min(run.length, intake.tile().length() - filled));
      consume(read);
    }
    for (; parser.nextToken() != JsonToken.END_ARRAY; count++) {
      put(other.getAsDouble());
    }
    return count;
  }

  /** Takes one number. */
  void put(double value) {
    run[0] = value;
    consume(1);
  }

  private void consume(int count) {
    int taken = (int) Math.min(count, room);
    Tile tile = intake.tile();
    switch (tile) {
      case FloatTile floats -> narrow(taken, floats.values());
      case DoubleTile doubles -> System.arraycopy(run, 0, doubles.values(), filled, taken);
    }
    room -= taken;
    filled += taken;
    if (filled == tile.length()) {
      flush();
    }
  }

  private void narrow(int count, float[] into) {
    for (int i = 0; i < count; i++) {
      into[filled + i] = (float) run[i];
    }
  }

  /** Puts what has not been put. */
  void flush() {
    if (filled > 0) {
      intake.put(next, filled);
      next += filled;
      filled = 0;
    }
  }
}
