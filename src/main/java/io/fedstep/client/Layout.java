package io.fedstep.client;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * Where the tensors of a model are in its flat vector.
 *
 * @param dtype of the model
 * @param tensors in the model's order
 */
record Layout(Download dtype, List<Tensor> tensors) {
  /**
   * A tensor.
   *
   * @param number among all, from 0
   * @param offset of its first value
   * @param size how many values it has
   * @param isStepped whether the optimizer moves it; else it is only averaged
   */
  record Tensor(
      String name, int number, List<Long> shape, int offset, int size, boolean isStepped) {}

  /** That of a model, as a server describes it. */
  static Layout of(JsonNode model) {
    var tensors = new ArrayList<Tensor>();
    for (JsonNode one : model.required("layout")) {
      List<Long> shape = one.required("shape").valueStream().map(JsonNode::longValue).toList();
      tensors.add(
          new Tensor(
              one.required("name").stringValue(),
              tensors.size(),
              shape,
              one.required("offset").intValue(),
              Math.toIntExact(shape.stream().reduce(1L, Math::multiplyExact)),
              !one.path("step").asString("").equals("plain")));
    }
    boolean wide = model.required("dtype").asString().equals("float64");
    return new Layout(wide ? Download.FLOAT64 : Download.FLOAT32, List.copyOf(tensors));
  }

  /** How many values the vector has. */
  int size() {
    return tensors.stream().mapToInt(Tensor::size).sum();
  }

  /** How many bytes the vector has. */
  long bytes() {
    return (long) size() * dtype.width();
  }

  /** Those that the optimizer moves, of which controls are. */
  List<Tensor> stepped() {
    return tensors.stream().filter(Tensor::isStepped).toList();
  }

  /** Some of the tensors, in order; all if no name is given. */
  List<Tensor> named(Set<String> names) {
    List<Tensor> some =
        tensors.stream().filter(one -> names.isEmpty() || names.contains(one.name())).toList();
    if (some.size() < names.size()) {
      throw new IllegalArgumentException("not all of %s are tensors of the model".formatted(names));
    }
    return some;
  }
}
