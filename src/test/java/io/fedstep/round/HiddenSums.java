package io.fedstep.round;

import io.fedstep.model.ModelSpec;
import io.fedstep.model.RoundPolicy;
import io.fedstep.model.ServerStep;
import io.fedstep.vector.FixedPoint;
import io.fedstep.vector.Range;
import io.fedstep.vector.RowFormat;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/**
 * A protocol of three stages, for tests: members deposit the seeds of their masks, send masked
 * words, and tell by how many the sum is divided. It hides nothing, but a version needs what was
 * sent in every stage.
 */
public record HiddenSums(Payload.Row row) implements Protocol {
  /** Members send the seed of their mask. */
  public static final String SEALING = "sealing";

  /** Members send their values in steps of the grid, with the mask added. */
  public static final String SENDING = "sending";

  /** Members send how many have sent values. */
  public static final String OPENING = "opening";

  /** The most bytes of a document. */
  public static final int MOST_BYTES = 40;

  /** How long the second stage and the third last. */
  public static final Duration TIME = Duration.ofSeconds(40);

  /** The grid on which the values are whole numbers. */
  public static final FixedPoint GRID = new FixedPoint(8);

  /** The protocol of a model: a row has a word for each parameter, and one more. */
  public static HiddenSums of(ModelSpec spec) {
    return new HiddenSums(new Payload.Row(RowFormat.WORD64, spec.parameters() + 1));
  }

  @Override
  public List<Stage> stages() {
    return List.of(
        new Stage(SEALING, new Payload.Document(MOST_BYTES)),
        new Stage(SENDING, row),
        new Stage(OPENING, new Payload.Document(MOST_BYTES)));
  }

  @Override
  public Quorum later(int stage, Members members, RoundPolicy policy) {
    int least = stage == 1 ? members.minUpdates() : members.roster() / 2 + 1;
    return Quorum.ofMembers(least, members.left(), TIME);
  }

  /** The mask of a client's value. */
  public static long mask(long seed, long coordinate) {
    long mixed = (seed * 31 + coordinate + 1) * 0x9e3779b97f4a7c15L;
    return mixed ^ (mixed >>> 29);
  }

  @Override
  public WordSums sums(Round round, Basis basis) {
    return new WordSums() {
      @Override
      public void begin(List<ByteBuffer> rests) {}

      @Override
      public ServerStep.Gradients gradients() {
        return gradientsOf(round);
      }

      @Override
      public Masked told() {
        return Masked.unopened(round.answers(0), null, List.of());
      }

      @Override
      public void wipe() {}
    };
  }

  private static ServerStep.Gradients gradientsOf(Round round) {
    long[] seeds =
        round.inClientOrder().stream()
            .mapToLong(update -> Long.parseLong(round.document(SEALING, update.client())))
            .toArray();
    String opener = round.documents(OPENING).firstKey();
    int count = Integer.parseInt(round.document(OPENING, opener));
    long[] sums = new long[Range.TILE];
    return (range, rows, into) -> {
      Arrays.fill(sums, 0, range.length(), 0);
      for (int row = 0; row < seeds.length; row++) {
        rows.addWords(row, 0, sums, range.length());
        for (int i = 0; i < range.length(); i++) {
          sums[i] -= mask(seeds[row], range.from() + i);
        }
      }
      GRID.mean(sums, count, into);
    };
  }
}
