package io.fedstep.codec;

import io.fedstep.vector.Dtype;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What references computed of thin lines: {@code golden/thin}, whose README says how. */
public final class ThinGoldens {
  private ThinGoldens() {}

  public static byte[] file(String name) {
    try (InputStream in = ThinGoldens.class.getResourceAsStream("/golden/thin/" + name)) {
      return Objects.requireNonNull(in, name).readAllBytes();
    } catch (IOException e) {
      throw new IllegalStateException(name, e);
    }
  }

  public static JsonNode json(String name) {
    return JsonMapper.builder().build().readTree(file(name + ".json"));
  }

  static Map<String, List<Long>> shapes(JsonNode tensors) {
    var shapes = new LinkedHashMap<String, List<Long>>();
    tensors
        .properties()
        .forEach(tensor -> {
          var shape = new ArrayList<Long>();
          tensor.getValue().forEach(dimension -> shape.add(dimension.longValue()));
          shapes.put(tensor.getKey(), shape);
        });
    return shapes;
  }

  static Dtype dtype(JsonNode of) {
    return Dtype.valueOf(of.required("dtype").stringValue().toUpperCase(Locale.ROOT));
  }
}
