package io.fedstep.codec;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.StringWriter;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.util.RawValue;

/**
 * What people keep beside a model: an object of JSON that fedstep does not look into.
 *
 * @param json its text, with numbers as they were written
 */
public record Metadata(String json) {
  /** The key of a spec's body, and of answers. */
  public static final String KEY = "metadata";

  /** The most bytes, as they were sent. */
  public static final long MOST_BYTES = 65_536;

  /** No metadata. */
  public static final Metadata NONE = new Metadata("{}");

  /** Reads a body that is metadata. */
  public static Metadata read(InputStream in) {
    return Json.parse(
        in,
        parser -> {
          parser.nextToken();
          return object(parser);
        });
  }

  /** Reads the metadata of a body that is valid JSON and has them under their key. */
  static Metadata member(byte[] body) {
    return Json.parse(
        new ByteArrayInputStream(body),
        parser -> {
          parser.nextToken();
          Metadata found = NONE;
          while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            boolean isIt = parser.currentName().equals(KEY);
            parser.nextToken();
            if (isIt) {
              found = object(parser);
            } else {
              parser.skipChildren();
            }
          }
          return found;
        });
  }

  private static Metadata object(JsonParser parser) {
    Json.expect(parser, JsonToken.START_OBJECT, "an object of metadata");
    TokenStreamLocation begin = parser.currentTokenLocation();
    var text = new StringWriter();
    try (JsonGenerator copy = Json.FACTORY.createGenerator(ObjectWriteContext.empty(), text)) {
      int depth = 0;
      do {
        copy(parser, copy);
        depth += parser.currentToken().isStructStart() ? 1 : 0;
        depth -= parser.currentToken().isStructEnd() ? 1 : 0;
      } while (depth > 0 && parser.nextToken() != null);
    }
    checkSize(begin, parser.currentLocation());
    if (!UTF_8.newEncoder().canEncode(text.toString())) {
      throw Json.malformed("The metadata has half a surrogate pair, which is no text.");
    }
    return new Metadata(text.toString());
  }

  private static void copy(JsonParser parser, JsonGenerator copy) {
    if (!parser.currentToken().isNumeric()) {
      copy.copyCurrentEvent(parser);
    } else if (parser.isNaN()) {
      throw Json.malformed("The metadata has %s, which is no JSON.".formatted(parser.getString()));
    } else {
      copy.writeNumber(parser.getString());
    }
  }

  private static void checkSize(TokenStreamLocation begin, TokenStreamLocation end) {
    long bytes =
        begin.getByteOffset() >= 0
            ? end.getByteOffset() - begin.getByteOffset()
            : end.getCharOffset() - begin.getCharOffset(); // of a body that is no UTF-8
    if (bytes > MOST_BYTES) {
      throw Refusal.of(
              Problem.TOO_LARGE,
              "The metadata has %s bytes; at most %s are taken.".formatted(bytes, MOST_BYTES))
          .with("expected", MOST_BYTES)
          .with("actual", bytes)
          .exception();
    }
  }

  /** Adds it to an answer, as it is. */
  public void addTo(ObjectNode answer) {
    answer.putRawValue(KEY, new RawValue(json));
  }
}
