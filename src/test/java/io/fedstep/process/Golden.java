package io.fedstep.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HexFormat;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What NumPy computed: {@code golden/numpy_rounds.*.json}. */
record Golden(JsonNode json) {
  static Golden of(Numbers numbers) {
    String name = "/golden/numpy_rounds.f%s.json".formatted(numbers.width());
    try (InputStream in = Golden.class.getResourceAsStream(name)) {
      return new Golden(new JsonMapper().readTree(in));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  int rounds() {
    return json.path("rounds").size();
  }

  JsonNode shapes() {
    return json.path("shapes");
  }

  /** The weights after a round. */
  byte[] weights(int round) {
    return HexFormat.of().parseHex(json.path("rounds").path(round).path("weights").stringValue());
  }

  /** The state document after a round. */
  String state(int round) {
    return json.path("rounds").path(round).path("state").stringValue();
  }

  String spec(int clients) {
    return """
    {"tensors": %s, "dtype": "%s", "optimizer": %s, "round": {"min_updates": %s}}\
    """
        .formatted(shapes(), json.path("dtype").stringValue(), json.path("optimizer"), clients);
  }
}
