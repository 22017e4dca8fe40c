package io.fedstep.vector;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of a model in order; the flat vector is each of them in C order, one after another.
 */
public final class TensorLayout {
  private static final int MAX_NAME = 200;

  /** Far above what any server takes; larger sizes count as this one. */
  private static final long MOST_VALUES = 1L << 60;

  private final List<Tensor> tensors;
  private final Map<String, Tensor> byName = new HashMap<>();

  /**
   * Lays tensors out one after another.
   *
   * @param shapes name to shape, in order
   * @throws IllegalArgumentException where a name or a shape cannot be
   */
  public TensorLayout(Map<String, List<Long>> shapes) {
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
          new Tensor(name, List.copyOf(entry.getValue()), offset, size(name, entry.getValue()));
      laid.add(tensor);
      byName.put(name, tensor);
      offset = Math.min(MOST_VALUES, offset + tensor.size());
    }
    if (offset == 0) {
      throw new IllegalArgumentException("all tensors are empty; a model has at least one value");
    }
    tensors = List.copyOf(laid);
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
