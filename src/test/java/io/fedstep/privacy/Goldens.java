package io.fedstep.privacy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a reference computed: {@code golden/privacy}, whose README says how. */
public final class Goldens {
  private Goldens() {}

  public static JsonNode read(String name) {
    try (InputStream in = Goldens.class.getResourceAsStream("/golden/privacy/" + name + ".json")) {
      return JsonMapper.builder().build().readTree(Objects.requireNonNull(in));
    } catch (IOException e) {
      throw new IllegalStateException(name, e);
    }
  }

  public static Stream<JsonNode> cases(String name, String list) {
    return StreamSupport.stream(read(name).required(list).spliterator(), false);
  }

  /** A decimal number is met within a billionth of itself, or of 1. */
  public static void assertClose(double actual, JsonNode expected, Object of) {
    double value = expected.doubleValue();
    assertThat(Math.abs(actual - value))
        .as("%s is %s of %s", actual, value, of)
        .isLessThanOrEqualTo(1e-9 * Math.max(1, Math.abs(value)));
  }
}
