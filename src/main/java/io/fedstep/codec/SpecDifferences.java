package io.fedstep.codec;

import io.fedstep.model.ModelSpec;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The keys in which two specs differ, as paths such as {@code round.timeout}. */
public final class SpecDifferences {
  private SpecDifferences() {}

  /** The paths of the keys whose values differ, in a spec's order; tensors are one key. */
  public static List<String> of(ModelSpec one, ModelSpec other) {
    var paths = new ArrayList<String>();
    if (!one.layout().equals(other.layout())) {
      paths.add("tensors");
    }
    add("", SpecCodec.writeWithoutTensors(one), SpecCodec.writeWithoutTensors(other), paths);
    return paths;
  }

  private static void add(String before, ObjectNode one, ObjectNode other, List<String> paths) {
    Set<String> keys = new LinkedHashSet<>(one.propertyNames());
    keys.addAll(other.propertyNames());
    for (String key : keys) {
      JsonNode value = one.path(key);
      JsonNode otherValue = other.path(key);
      if (value instanceof ObjectNode inner && otherValue instanceof ObjectNode otherInner) {
        add(before + key + ".", inner, otherInner, paths);
      } else if (!value.equals(otherValue)) {
        paths.add(before + key);
      }
    }
  }
}
