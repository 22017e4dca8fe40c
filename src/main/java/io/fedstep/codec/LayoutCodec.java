package io.fedstep.codec;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fedstep.vector.Tensor;
import io.fedstep.vector.TensorLayout;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The names and shapes of a model's tensors as JSON. */
public final class LayoutCodec {
  /** Keys of safetensors' header and of packed vectors, beside those that are tensors' names. */
  private static final Set<String> RESERVED = Set.of("__metadata__", "__type__");

  private static final String SHAPE = "shape";
  private static final String STEP = "step";

  /** NumPy's. */
  private static final int MOST_DIMENSIONS = 64;

  /** The most empty arrays that JSON nests for an empty tensor. */
  private static final long MOST_EMPTY = 1_000;

  private LayoutCodec() {}

  /** Reads the shapes of a spec's tensors. */
  static TensorLayout read(JsonNode json) {
    if (!(json instanceof ObjectNode object)) {
      throw Spec.malformed("tensors", "an object of shapes by name", json);
    }
    var shapes = new LinkedHashMap<String, List<Long>>();
    var plain = new HashSet<String>();
    for (var entry : object.properties()) {
      String name = entry.getKey();
      String place = "tensors." + name;
      if (entry.getValue() instanceof ObjectNode described) {
        Spec tensor = Spec.of(described, place, Set.of(SHAPE, STEP));
        shapes.put(name, shape(tensor.required(SHAPE), tensor.at(SHAPE)));
        JsonNode step = tensor.get(STEP);
        if (step != null && step(step, tensor.at(STEP)) == Tensor.Step.PLAIN) {
          plain.add(name);
        }
      } else {
        shapes.put(name, shape(entry.getValue(), place));
      }
    }
    return Spec.checked("tensors", () -> new TensorLayout(shapes, plain));
  }

  private static List<Long> shape(JsonNode json, String place) {
    return Spec.list(json, place, node -> Spec.integer(node, place));
  }

  private static Tensor.Step step(JsonNode json, String place) {
    String name = Spec.text(json, place);
    for (Tensor.Step step : Tensor.Step.values()) {
      if (step.label().equals(name)) {
        return step;
      }
    }
    throw Spec.bad(place, "is '%s'; optimizer and plain are known".formatted(name));
  }

  /** Checks that every format can carry tensors of those names and shapes. */
  public static void checkNew(TensorLayout layout) {
    for (Tensor tensor : layout.tensors()) {
      String name = tensor.name();
      if (RESERVED.contains(name)) {
        throw Spec.bad("tensors." + name, "is a name that safetensors or JSON use themselves");
      }
      if (!UTF_8.newEncoder().canEncode(name)) {
        throw Spec.bad("tensors", "has a name with half a surrogate pair, which is no text");
      }
      if (tensor.shape().size() > MOST_DIMENSIONS) {
        throw Spec.bad(
            "tensors." + name,
            "has %s dimensions; %s are the most".formatted(tensor.shape().size(), MOST_DIMENSIONS));
      }
      if (tensor.size() == 0 && arrays(tensor) > MOST_EMPTY) {
        throw Spec.bad(
            "tensors." + name,
            "is empty in more than %s arrays, as JSON would have it".formatted(MOST_EMPTY));
      }
    }
  }

  /** The empty arrays in the nesting of an empty tensor. */
  private static long arrays(Tensor tensor) {
    long arrays = 1;
    for (long dimension : tensor.shape()) {
      if (dimension == 0) {
        break;
      }
      arrays = Math.min(arrays, MOST_EMPTY + 1) * Math.min(dimension, MOST_EMPTY + 1);
    }
    return arrays;
  }

  /** Adds a tensor to a spec's, by its shape alone where the optimizer steps it. */
  public static void put(ObjectNode tensors, Tensor tensor) {
    if (tensor.isPlain()) {
      ObjectNode described = tensors.putObject(tensor.name());
      shape(described.putArray(SHAPE), tensor);
      described.put(STEP, tensor.step().label());
    } else {
      shape(tensors.putArray(tensor.name()), tensor);
    }
  }

  /** A shape, into an empty array. */
  public static void shape(ArrayNode array, Tensor tensor) {
    tensor.shape().forEach(array::add);
  }
}
