package io.fedstep.secure;

import java.io.IOException;
import java.io.InputStream;
import java.util.HexFormat;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a reference computed: {@code golden/secure}, whose README says how. */
public final class Goldens {
  private Goldens() {}

  /** The names of the whole rounds. */
  public static Stream<String> rounds() {
    return Stream.of("round-3-f4-64", "round-5-f4-32", "round-9-f8-64", "round-5-f8-32-pinned");
  }

  public static JsonNode read(String name) {
    try (InputStream in = Goldens.class.getResourceAsStream("/golden/secure/" + name + ".json")) {
      return JsonMapper.builder().build().readTree(Objects.requireNonNull(in));
    } catch (IOException e) {
      throw new IllegalStateException(name, e);
    }
  }

  static Stream<JsonNode> cases(String list) {
    return stream(read("primitives").required(list));
  }

  public static Stream<JsonNode> stream(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false);
  }

  public static byte[] hex(JsonNode of, String key) {
    return HexFormat.of().parseHex(of.required(key).stringValue());
  }

  public static byte[] hex(JsonNode text) {
    return HexFormat.of().parseHex(text.stringValue());
  }

  static double clip(JsonNode hexOrNumber) {
    return hexOrNumber.isNumber()
        ? hexOrNumber.doubleValue()
        : Double.longBitsToDouble(HexFormat.fromHexDigitsToLong(hexOrNumber.stringValue()));
  }

  static @Nullable String textOrNull(JsonNode text) {
    return text.isNull() ? null : text.stringValue();
  }
}
