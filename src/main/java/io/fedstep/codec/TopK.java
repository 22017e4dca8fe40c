package io.fedstep.codec;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.vector.DoubleTile;
import io.fedstep.vector.FloatTile;
import io.fedstep.vector.Tensor;
import io.fedstep.vector.TensorLayout;
import io.fedstep.vector.Tile;
import java.io.IOException;
import java.io.InputStream;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Some values with their places; the others are zeros. */
record TopK() implements Encoding {
  static final String NAME = "top-k";

  private static final String INDEX = "index";
  private static final String VALUES = "values";

  /** Of so many values one may be kept: above that other encodings are smaller. */
  private static final int SHARE = 16;

  @Override
  public String label() {
    return NAME;
  }

  @Override
  public List<String> parts() {
    return List.of(INDEX, VALUES);
  }

  @Override
  public boolean isOrdered() {
    return false;
  }

  @Override
  public Decoder decoder(Tensor tensor, int number) {
    return new Sparse(tensor);
  }

  @Override
  public void check(Collection<Decoder> decoders, TensorLayout layout) {
    long kept = 0;
    for (Decoder one : decoders) {
      Sparse sparse = (Sparse) one;
      sparse.checkLengths();
      kept += sparse.kept;
    }
    long most = Math.ceilDiv(layout.size(), SHARE);
    if (kept > most) {
      throw Refusal.of(
              Problem.WRONG_LENGTH,
              "The body keeps %s values; of %s at most %s are kept."
                  .formatted(kept, layout.size(), most))
          .with("expected", most)
          .with("actual", kept)
          .exception();
    }
  }

  private static final class Sparse implements Decoder {
    private final Tensor tensor;
    private long kept;
    private NumberFormat format = NumberFormat.F32;
    private List<Long> valuesShape = List.of();
    private @Nullable Held index;
    private @Nullable Held values;

    Sparse(Tensor tensor) {
      this.tensor = tensor;
    }

    @Override
    public void check(String part, Entry entry) {
      if (part.equals(INDEX)) {
        if (entry.shape().size() != 1) {
          entry.check("U32", List.of(tensor.size()), tensor);
        }
        kept = entry.shape().getFirst();
        entry.check("U32", List.of(kept), tensor);
      } else {
        NumberFormat found = NumberFormat.named(entry.dtype());
        if (found == null) {
          throw Entry.misfit(
              tensor.name(),
              "%s is %s; F16, BF16, F32 or F64 is needed.".formatted(entry.what(), entry.dtype()));
        }
        format = found;
        valuesShape = entry.shape();
      }
    }

    private void checkLengths() {
      if (!valuesShape.equals(List.of(kept))) {
        throw Entry.misfit(
            tensor.name(),
            "The tensor '%s' keeps %s indices, and values of the shape %s."
                .formatted(tensor.name(), kept, valuesShape));
      }
    }

    @Override
    public void read(String part, Entry entry, InputStream in, VectorIntake intake)
        throws IOException {
      if (part.equals(INDEX)) {
        index = Held.read(in, entry, kept, Integer.BYTES);
        checkAscending(index);
      } else {
        values = Held.read(in, entry, kept, format.width());
      }
      if (index != null && values != null) {
        write(index, values, intake);
        index = null;
        values = null;
      }
    }

    private void checkAscending(Held found) {
      long before = -1;
      for (long i = 0; i < kept; i++) {
        long next = found.unsigned(i);
        if (next <= before || next >= tensor.size()) {
          throw Refusal.of(
                  Problem.WRONG_SHAPE,
                  "Entry %s of '%s:%s' is %s; above %s and below %s is needed."
                      .formatted(i, tensor.name(), INDEX, next, before, tensor.size()))
              .with("tensor", tensor.name())
              .with("entry", i)
              .exception();
        }
        before = next;
      }
    }

    private void write(Held places, Held numbers, VectorIntake intake) {
      long next = 0;
      for (long done = 0; done < tensor.size(); ) {
        int some = (int) Math.min(intake.tile().length(), tensor.size() - done);
        Tile tile = intake.tile().first(some);
        tile.clear();
        for (; next < kept && places.unsigned(next) < done + some; next++) {
          set(tile, (int) (places.unsigned(next) - done), numbers.get(format, next));
        }
        intake.put(tensor.offset() + done, some);
        done += some;
      }
    }

    private static void set(Tile tile, int at, double value) {
      switch (tile) {
        case FloatTile floats -> floats.values()[at] = (float) value + 0.0f; // no -0.0
        case DoubleTile doubles -> doubles.values()[at] = value + 0.0;
      }
    }
  }
}
