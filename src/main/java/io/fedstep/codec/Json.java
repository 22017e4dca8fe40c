package io.fedstep.codec;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.problem.RefusedException;
import java.io.InputStream;
import java.util.function.Function;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The one way in which JSON is read: strict, but for the NaN and Infinity that Python writes. */
public final class Json {
  static final JsonFactory FACTORY =
      JsonFactory.builder()
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER)
          .disable(StreamReadFeature.AUTO_CLOSE_SOURCE)
          .build();

  private static final int ENOUGH_NAMES = 10_000;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(FACTORY).enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private Json() {}

  /** An empty object. */
  public static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  /** Reads one small document that is an object; 400 {@code malformed} otherwise. */
  public static ObjectNode readObject(InputStream in) {
    if (readValue(in) instanceof ObjectNode object) {
      return object;
    }
    throw malformed("The body is not a JSON object.");
  }

  /** Reads one small document of any kind; 400 {@code malformed} if it is none. */
  public static JsonNode readValue(InputStream in) {
    try {
      return MAPPER.readTree(in);
    } catch (JacksonIOException e) {
      throw e;
    } catch (JacksonException e) {
      throw malformed(e, 0);
    }
  }

  /** The text of a node in a file of ours, where it is a string. */
  public static String text(JsonNode node) {
    if (!node.isString()) {
      throw new IllegalArgumentException("%s is no string".formatted(node));
    }
    return node.stringValue();
  }

  /** Reads one document of our own. */
  public static JsonNode read(byte[] bytes) {
    return MAPPER.readTree(bytes);
  }

  /** The document on one line. */
  public static byte[] write(JsonNode node) {
    return MAPPER.writeValueAsBytes(node);
  }

  /**
   * Reads a body token by token. A body that is not JSON is refused as 400 {@code malformed}, even
   * if the reader has refused something in it before.
   */
  static <T> T parse(InputStream in, Function<JsonParser, T> reader) {
    var input = new ParserInput(in);
    try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), input)) {
      T result;
      try {
        result = reader.apply(parser);
      } catch (RefusedException e) {
        readToEnd(parser);
        throw e;
      }
      readToEnd(parser);
      return result;
    } catch (JacksonIOException e) {
      throw e;
    } catch (JacksonException e) {
      throw malformed(e, input.uncounted());
    }
  }

  private static void readToEnd(JsonParser parser) {
    int names = 0;
    for (boolean over = isOver(parser); parser.nextToken() != null; over = isOver(parser)) {
      if (over) {
        throw malformed("There is more behind the JSON object.");
      }
      if (parser.currentToken() == JsonToken.PROPERTY_NAME && ++names > ENOUGH_NAMES) {
        return; // the parser keeps every name of an object
      }
    }
  }

  private static boolean isOver(JsonParser parser) {
    return parser.streamReadContext().inRoot() && parser.currentToken() == JsonToken.END_OBJECT;
  }

  private static RefusedException malformed(JacksonException e, long uncounted) {
    var at = e.getLocation();
    String place = at == null ? "" : " " + place(at, uncounted);
    return malformed("The body is not valid JSON%s: %s.".formatted(place, e.getOriginalMessage()));
  }

  /** A place as a person finds it; lines are not known behind bytes that no parser has seen. */
  static String place(TokenStreamLocation at, long uncounted) {
    return uncounted == 0
        ? "at line %s, column %s".formatted(at.getLineNr(), at.getColumnNr())
        : "at byte %s".formatted(at.getByteOffset() + uncounted);
  }

  /** Checks that a parser stands at a token; {@code what} it is for a person, if it does not. */
  static void expect(JsonParser parser, JsonToken token, String what) {
    if (parser.currentToken() != token) {
      long uncounted =
          parser.streamReadInputSource() instanceof ParserInput input ? input.uncounted() : 0;
      throw malformed(
          "%s is expected %s."
              .formatted(
                  Character.toUpperCase(what.charAt(0)) + what.substring(1),
                  place(parser.currentTokenLocation(), uncounted)));
    }
  }

  /** A refusal as 400 {@code malformed}. */
  static RefusedException malformed(String detail) {
    return Refusal.of(Problem.MALFORMED, detail).exception();
  }
}
