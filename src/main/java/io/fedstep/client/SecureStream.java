package io.fedstep.client;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.fedstep.secure.BodyForm;
import io.fedstep.secure.Mask;
import io.fedstep.secure.Quantizer;
import io.fedstep.secure.Roster;
import io.fedstep.secure.RoundFacts;
import io.fedstep.secure.SumTail;
import io.fedstep.secure.Words;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** An update of which a secure sum can be made: on its grid, with its weight and metrics. */
final class SecureStream {
  /** Bytes that are masked at a time, so that they stay in the processor's cache. */
  private static final int PIECE = 1 << 16;

  private final ByteBuffer values;
  private final boolean isWide;
  private final int size;
  private final long weight;
  private final List<Long> metrics;
  private final long cut;

  /**
   * Checks an update before anything of it is sent.
   *
   * @throws IllegalArgumentException that says what is wrong with it
   */
  SecureStream(Update update, SecureSettings settings, int expectedBytes) {
    if (update.bytes().length != expectedBytes) {
      throw new IllegalArgumentException(
          "the update has %s bytes, the weights %s"
              .formatted(update.bytes().length, expectedBytes));
    }
    values = ByteBuffer.wrap(update.bytes()).order(LITTLE_ENDIAN);
    isWide = settings.isWide();
    size = expectedBytes / (isWide ? Double.BYTES : Float.BYTES);
    weight = settings.noise() == null ? weight(update.weight(), settings) : 1;
    metrics = metrics(update, settings);
    cut = cut(settings.noise() == null ? settings.clip() : Double.POSITIVE_INFINITY);
  }

  private static long weight(double weight, SecureSettings settings) {
    if (weight != Math.rint(weight) || weight < 1 || weight > settings.maxWeight()) {
      throw new IllegalArgumentException(
          "a weight of %s: in this secure model it is a whole number from 1 to %s"
              .formatted(weight, settings.maxWeight()));
    }
    return (long) weight;
  }

  private static List<Long> metrics(Update update, SecureSettings settings) {
    var steps = new ArrayList<Long>();
    for (String name : settings.metrics()) {
      Double value = update.metrics().get(name);
      if (value == null) {
        throw new IllegalArgumentException(
            "the metric '%s' is missing, which the sum of this secure model has".formatted(name));
      }
      if (!(Math.abs(value) <= SumTail.MOST_METRIC)) { // nor NaN
        throw new IllegalArgumentException(
            "the metric '%s' is %s, beyond %s".formatted(name, value, SumTail.MOST_METRIC));
      }
      steps.add((long) Math.rint(Math.scalb(value, SumTail.METRIC_BITS)));
    }
    return steps;
  }

  private long cut(double clip) {
    long beyond = 0;
    for (int i = 0; i < size; i++) {
      double value = value(i);
      if (!Double.isFinite(value)) {
        throw new IllegalArgumentException("value %s of the update is %s".formatted(i, value));
      }
      beyond += Math.abs(value) > clip ? 1 : 0;
    }
    return beyond;
  }

  private double value(int index) {
    return isWide ? values.getDouble(index * Double.BYTES) : values.getFloat(index * Float.BYTES);
  }

  /** How many values are beyond the clip. */
  long cut() {
    return cut;
  }

  /** How many values there are. */
  int size() {
    return size;
  }

  /**
   * The words of the update, masked.
   *
   * @param noiseKey of this client's share of the noise, where members add it
   */
  byte[] masked(Roster roster, byte[] noiseKey, List<Mask> masks) {
    BodyForm form = roster.facts().form();
    Numbers numbers = numbers(roster, noiseKey);
    byte[] body = new byte[Math.toIntExact(form.bytes())];
    var piece = new byte[PIECE];
    var words = new Words();
    for (int from = 0; from < body.length; from += PIECE) {
      int length = Math.min(PIECE, body.length - from);
      fill(ByteBuffer.wrap(piece, 0, length).order(LITTLE_ENDIAN), from, form, numbers);
      words.mask(form, masks, from, piece, length);
      System.arraycopy(piece, 0, body, from, length);
    }
    return body;
  }

  /** The whole numbers of so many values from a place on. */
  private interface Numbers {
    long[] of(int from, int length);
  }

  private Numbers numbers(Roster roster, byte[] noiseKey) {
    RoundFacts facts = roster.facts();
    if (facts.noise() != null) {
      return new NoisyNumbers(this::value, size, roster, noiseKey)::of;
    }
    Quantizer grid = facts.quantizer();
    return (from, length) ->
        IntStream.range(from, from + length)
            .mapToLong(i -> weight * grid.steps(value(i)))
            .toArray();
  }

  /** The words from a byte on. */
  private void fill(ByteBuffer piece, int from, BodyForm form, Numbers numbers) {
    int width = form.wordBytes();
    int first = from / width;
    int end = Math.min(size, first + piece.remaining() / width);
    for (long word : first < end ? numbers.of(first, end - first) : new long[0]) {
      var _ = width == Integer.BYTES ? piece.putInt((int) word) : piece.putLong(word);
    }
    for (long at = (long) from + piece.position(); piece.hasRemaining(); at += Integer.BYTES) {
      piece.putInt(at < form.tail() ? 0 : half(tail(at, form), at));
    }
  }

  /** The word of 64 bits behind the coordinates to which a byte belongs. */
  private long tail(long at, BodyForm form) {
    int word = (int) (at - form.tail()) / Long.BYTES;
    return switch (word) {
      case 0 -> weight;
      case 1 -> cut;
      default -> weight * metrics.get(word - 2);
    };
  }

  private static int half(long word, long at) {
    return (int) (at % Long.BYTES == 0 ? word : word >>> Integer.SIZE);
  }
}
