package io.fedstep.vector;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of a model in order; the flat vector is each of them in C order, one after another.
 * The optimizer steps all of them but those that are plain.
 */
public final class TensorLayout {
  private static final int MAX_NAME = 200;

  /** Far above what any server takes; larger sizes count as this one. */
  private static final long MOST_VALUES = 1L << 60;

  private final List<Tensor> tensors;
  private final Map<String, Tensor> byName = new HashMap<>();
  private final TensorLayout stepped;

  /** For each tensor how many values of stepped ones are before it; empty where none is plain. */
  private final long[] steppedBefore;

  /**
   * Lays tensors out one after another.
   *
   * @param shapes name to shape, in order
   * @throws IllegalArgumentException where a name or a shape cannot be
   */
  public TensorLayout(Map<String, List<Long>> shapes) {
    this(shapes, Set.of());
  }

  /**
   * Lays tensors out one after another, of which some are only averaged.
   *
   * @param shapes name to shape, in order
   * @param plain names of those that the optimizer does not step
   * @throws IllegalArgumentException where a name or a shape cannot be, or nothing is stepped
   */
  public TensorLayout(Map<String, List<Long>> shapes, Set<String> plain) {
    if (shapes.isEmpty()) {
      throw new IllegalArgumentException("a model needs at least one tensor");
    }
    var laid = new ArrayList<Tensor>();
    long offset = 0;
    for (var entry : shapes.entrySet()) {
      String name = entry.getKey();
      if (name.isEmpty() || name.length() > MAX_NAME) {
        throw new IllegalArgumentException(
            "the tensor name '%s' has %s characters; 1 to %s are allowed"
                .formatted(name, name.length(), MAX_NAME));
      }
      var tensor =
          new Tensor(
              name,
              List.copyOf(entry.getValue()),
              offset,
              size(name, entry.getValue()),
              plain.contains(name) ? Tensor.Step.PLAIN : Tensor.Step.OPTIMIZER);
      laid.add(tensor);
      byName.put(name, tensor);
      offset = Math.min(MOST_VALUES, offset + tensor.size());
    }
    if (offset == 0) {
      throw new IllegalArgumentException("all tensors are empty; a model has at least one value");
    }
    tensors = List.copyOf(laid);
    boolean steps = tensors.stream().noneMatch(Tensor::isPlain);
    stepped = steps ? this : withoutPlain();
    steppedBefore = new long[steps ? 0 : tensors.size()];
    for (int i = 1; i < steppedBefore.length; i++) {
      Tensor before = tensors.get(i - 1);
      steppedBefore[i] = steppedBefore[i - 1] + (before.isPlain() ? 0 : before.size());
    }
  }

  private TensorLayout withoutPlain() {
    var shapes = new LinkedHashMap<String, List<Long>>();
    tensors.stream()
        .filter(tensor -> !tensor.isPlain())
        .forEach(tensor -> shapes.put(tensor.name(), tensor.shape()));
    if (tensors.stream().allMatch(tensor -> tensor.isPlain() || tensor.size() == 0)) {
      throw new IllegalArgumentException(
          "every value is of a tensor whose step is plain; the optimizer needs one to step");
    }
    return new TensorLayout(shapes);
  }

  private static long size(String name, List<Long> shape) {
    long size = 1;
    for (long dimension : shape) {
      if (dimension < 0) {
        throw new IllegalArgumentException(
            "tensor '%s' has the dimension %s; each is at least 0".formatted(name, dimension));
      }
      size =
          Math.multiplyHigh(size, dimension) != 0 || size * dimension < 0
              ? MOST_VALUES
              : Math.min(MOST_VALUES, size * dimension);
    }
    return size;
  }

  /** The tensors in order. */
  public List<Tensor> tensors() {
    return tensors;
  }

  /** The number of values of the flat vector. */
  public long size() {
    return tensors.getLast().end();
  }

  /** The tensor of that name, or null. */
  public @Nullable Tensor tensor(String name) {
    return byName.get(name);
  }

  /** The tensor that holds the value at {@code index} of the flat vector. */
  public Tensor at(long index) {
    return tensors.get(indexAt(index));
  }

  /** The place in {@link #tensors()} of the tensor that holds the value at {@code index}. */
  public int indexAt(long index) {
    int low = 0;
    int high = tensors.size() - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (tensors.get(middle).offset() <= index) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /** The stepped tensors alone, one after another; this layout itself where no tensor is plain. */
  public TensorLayout stepped() {
    return stepped;
  }

  /** The names of the tensors that are only averaged, in order. */
  public List<String> plain() {
    return tensors.stream().filter(Tensor::isPlain).map(Tensor::name).toList();
  }

  /** A range cut where plain tensors begin and end. */
  public List<Stretch> stretches(Range range) {
    if (steppedBefore.length == 0) {
      return List.of(new Stretch(0, range.length(), Tensor.Step.OPTIMIZER, range.from()));
    }
    var stretches = new ArrayList<Stretch>();
    int at = 0;
    for (int i = indexAt(range.from()); at < range.length(); i++) {
      Tensor tensor = tensors.get(i);
      int end = (int) Math.min(tensor.end() - range.from(), range.length());
      if (end == at) {
        continue; // an empty tensor
      }
      Stretch last = stretches.isEmpty() ? null : stretches.getLast();
      if (last != null && last.step() == tensor.step()) {
        stretches.set(
            stretches.size() - 1,
            new Stretch(last.at(), end - last.at(), last.step(), last.stepped()));
      } else {
        long within = tensor.isPlain() ? 0 : range.from() + at - tensor.offset();
        stretches.add(new Stretch(at, end - at, tensor.step(), steppedBefore[i] + within));
      }
      at = end;
    }
    return stretches;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof TensorLayout that && tensors.equals(that.tensors);
  }

  @Override
  public int hashCode() {
    return tensors.hashCode();
  }

  @Override
  public String toString() {
    return tensors.toString();
  }
}
