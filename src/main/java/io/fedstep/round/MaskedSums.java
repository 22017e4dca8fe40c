package io.fedstep.round;

import io.fedstep.aggregate.Rows;
import io.fedstep.model.ServerStep;
import io.fedstep.privacy.Grid;
import io.fedstep.secure.BodyForm;
import io.fedstep.secure.Mask;
import io.fedstep.secure.MeanOfSum;
import io.fedstep.secure.Means;
import io.fedstep.secure.Opening;
import io.fedstep.secure.RoundFacts;
import io.fedstep.secure.SumTail;
import io.fedstep.secure.Words;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** The sums of a round of masked updates, from which all masks are taken off. */
final class MaskedSums implements WordSums {
  private final RoundFacts facts;
  private final BodyForm form;
  private final Opening opening;
  private final List<Mask> off;
  private final int online;
  private final Masked known;
  private final @Nullable Grid noisy;
  private final Queue<Words> used = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean beyond = new AtomicBoolean();
  private @Nullable SumTail tail;

  /**
   * The sums of a round.
   *
   * @param online how many updates there are
   * @param known what is known of the round without its sums
   * @param noisy the grid of members that add noise, or null
   */
  MaskedSums(RoundFacts facts, Opening opening, int online, Masked known, @Nullable Grid noisy) {
    if (!opening.unopened().isEmpty()) {
      throw new IllegalStateException("a round was closed whose secrets are not open");
    }
    this.facts = facts;
    this.opening = opening;
    this.online = online;
    this.known = known;
    this.noisy = noisy;
    form = facts.form();
    off = opening.masks().stream().map(Mask::opposite).toList();
  }

  @Override
  public void begin(List<ByteBuffer> rests) {
    long[] padding = new long[form.paddingWords()];
    long[] words = new long[form.tailWords()];
    for (ByteBuffer rest : rests) {
      ByteBuffer from = rest.duplicate().order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < padding.length; i++) {
        padding[i] += form.bits() == Integer.SIZE ? from.getInt() : from.getLong();
      }
      for (int i = 0; i < words.length; i++) {
        words[i] += from.getLong();
      }
    }
    Words masks = words();
    for (Mask mask : off) {
      masks.add(mask, form.coordinateBytes(), form.bits(), padding, padding.length);
      masks.add(mask, form.tail(), Long.SIZE, words, words.length);
    }
    Words.extend(form.bits(), padding, padding.length);
    SumTail summed = SumTail.of(padding, words);
    tail = summed.wrong(facts, online) == null ? summed : null;
  }

  @Override
  public ServerStep.Gradients gradients() {
    SumTail summed = tail;
    if (summed == null) {
      return (_, rows, into) -> {
        readAll(rows, into);
        into.clear(); // nobody will see them
      };
    }
    Means means =
        noisy == null
            ? new MeanOfSum(facts.fractionBits(), summed.weight())
            : new NoisyMean(noisy.scale() * online);
    long most = noisy == null ? summed.mostCoordinate(facts) : noisy.mostOfSum(online);
    long[] sums = new long[Range.TILE];
    int[] ints = new int[form.bits() == Integer.SIZE ? Range.TILE : 0];
    Words words = words();
    return (range, rows, into) -> {
      int count = range.length();
      if (form.bits() == Integer.SIZE) {
        unmask(rows, range, words, ints);
        for (int i = 0; i < count; i++) {
          sums[i] = ints[i];
        }
      } else {
        unmask(rows, range, words, sums);
      }
      if (!areWithin(most, sums, count)) {
        beyond.set(true);
      }
      into.run(
          (values, length) -> floats(means, sums, values, length),
          (values, length) -> doubles(means, sums, values, length));
    };
  }

  /** Buffers that are wiped with the masks. */
  private Words words() {
    var words = new Words();
    used.add(words);
    return words;
  }

  /** Every row is read, so that its checksum can be compared. */
  private static void readAll(Rows rows, Tile into) {
    add(rows, new long[into.length()], into.length());
  }

  private void unmask(Rows rows, Range range, Words words, int[] sums) {
    Arrays.fill(sums, 0, range.length(), 0);
    for (int row = 0; row < rows.count(); row++) {
      rows.addWords(row, 0, sums, range.length());
    }
    words.add(off, range.from() * form.wordBytes(), sums, range.length());
  }

  private void unmask(Rows rows, Range range, Words words, long[] sums) {
    add(rows, sums, range.length());
    for (Mask mask : off) {
      words.add(mask, range.from() * form.wordBytes(), Long.SIZE, sums, range.length());
    }
  }

  private static void add(Rows rows, long[] sums, int count) {
    Arrays.fill(sums, 0, count, 0);
    for (int row = 0; row < rows.count(); row++) {
      rows.addWords(row, 0, sums, count);
    }
  }

  private static boolean areWithin(long most, long[] sums, int count) {
    boolean within = true;
    for (int i = 0; i < count; i++) {
      within &= sums[i] >= -most && sums[i] <= most;
    }
    return within;
  }

  /** The mean of numbers on a grid; a double has each of them. */
  private record NoisyMean(double divisor) implements Means {
    @Override
    public double of(long sum) {
      return sum / divisor;
    }

    @Override
    public float floatOf(long sum) {
      return (float) of(sum);
    }
  }

  private static void floats(Means means, long[] sums, float[] into, int length) {
    for (int i = 0; i < length; i++) {
      into[i] = means.floatOf(sums[i]);
    }
  }

  private static void doubles(Means means, long[] sums, double[] into, int length) {
    for (int i = 0; i < length; i++) {
      into[i] = means.of(sums[i]);
    }
  }

  @Override
  public @Nullable Masked told() {
    SumTail summed = tail;
    if (summed == null || beyond.get()) {
      return null;
    }
    var metrics = new TreeMap<String, Double>();
    for (int i = 0; i < facts.metrics().size(); i++) {
      metrics.put(facts.metrics().get(i), summed.metric(i));
    }
    return new Masked(
        known.members(),
        known.threshold(),
        known.missing(),
        known.wrong(),
        summed.weight(),
        metrics,
        summed.clipped(facts, online));
  }

  @Override
  public void wipe() {
    used.forEach(Words::wipe);
    off.forEach(Mask::wipe);
    opening.wipe();
  }
}
