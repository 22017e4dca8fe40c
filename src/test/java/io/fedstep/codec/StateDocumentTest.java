package io.fedstep.codec;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.model.ModelSpec;
import io.fedstep.optim.Tally;
import io.fedstep.vector.Dtype;
import io.fedstep.vector.Range;
import io.fedstep.vector.Tile;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The state document is Python's, byte for byte, in whatever pieces it is written and read. */
class StateDocumentTest {
  private static String written(ModelSpec spec, byte[] vector, List<Range> ranges) {
    var document = new StateDocument(spec, Tally.none(spec.optimizer().modules()));
    var file = new Buffer(document.length());
    document.writeText(file::write);
    int width = spec.dtype().bytes();
    for (Range range : ranges) {
      Tile tile = Tile.zeros(spec.dtype(), range.length());
      tile.read(MemorySegment.ofArray(vector), range.from() * width);
      new StateValues(document, file::write).write(0, range, tile);
    }
    return file.text();
  }

  private static List<Range> whole(ModelSpec spec) {
    return List.of(new Range(0, (int) spec.parameters()));
  }

  @ParameterizedTest
  @CsvSource({"f4, FLOAT32", "f8, FLOAT64"})
  void document_isWhatJsonDumpsWrites(String code, Dtype dtype) throws IOException {
    JsonNode golden;
    try (InputStream in =
        StateDocumentTest.class.getResourceAsStream("/golden/numpy_rounds." + code + ".json")) {
      golden = new JsonMapper().readTree(new String(in.readAllBytes(), UTF_8));
    }
    var shapes = new LinkedHashMap<String, List<Long>>();
    for (var entry : golden.path("shapes").properties()) {
      shapes.put(entry.getKey(), entry.getValue().valueStream().map(JsonNode::asLong).toList());
    }
    ModelSpec spec = Specs.spec(dtype, shapes);
    for (JsonNode round : golden.path("rounds").values()) {
      String text = round.path("state").asString();
      var hex = new StringBuilder();
      JsonNode state = new JsonMapper().readTree(text);
      JsonNode vector = state.path("modules").path(0).path(1).path("state").path("dump");
      vector.values().forEach(tensor -> hex.append(tensor.path("dump").path(0).asString()));
      byte[] bytes = HexFormat.of().parseHex(hex);
      assertThat(written(spec, bytes, whole(spec))).isEqualTo(text);
      assertThat(
              new StateDocument(spec, Tally.none(spec.optimizer().modules()))
                  .matchesText(new Buffer(text)::read))
          .isTrue();
    }
  }

  @Test
  void documentBeforeTheFirstStep_isAZeroForEachVector() {
    ModelSpec spec = Specs.sized(Dtype.FLOAT32, 1);
    assertThat(new String(StateDocument.initial(spec.optimizer().modules()), US_ASCII))
        .isEqualTo("{\"modules\": [[\"rmsprop\", {\"state\": 0.0}]]}");
    assertThat(new String(StateDocument.initial(List.of()), US_ASCII))
        .isEqualTo("{\"modules\": []}");
  }

  /** The right column is what {@code json.dumps} of Python 3 gives. */
  @Test
  void names_areEscapedAsPythonDoes() {
    Map<String, String> dumps =
        Map.ofEntries(
            Map.entry("plain", "plain"),
            Map.entry("q\"uote", "q\\\"uote"),
            Map.entry("back\\slash", "back\\\\slash"),
            Map.entry("\t\n\r\b\f", "\\t\\n\\r\\b\\f"),
            Map.entry("\0\u001f", "\\u0000\\u001f"),
            Map.entry("~\u007f\u0080", "~\\u007f\\u0080"),
            Map.entry("é/ κ", "\\u00e9/ \\u03ba"),
            Map.entry("日本", "\\u65e5\\u672c"),
            Map.entry("😀", "\\ud83d\\ude00"),
            Map.entry("\u2028'", "\\u2028'"),
            Map.entry("\ud800", "\\ud800"));
    dumps.forEach((name, dump) -> {
      assertThat(StateDocument.quoted(name)).isEqualTo('"' + dump + '"');
      ModelSpec spec = Specs.spec(Dtype.FLOAT32, Map.of(name, List.of()));
      assertThat(written(spec, new byte[4], whole(spec)))
          .isEqualTo(
              """
              {"modules": [["rmsprop", {"state": {"__type__": "NumpyVector", "dump": {"%s": \
              {"__type__": "np.ndarray", "dump": ["00000000", "f", []]}}}}]]}\
              """
                  .formatted(dump));
    });
  }

  @ParameterizedTest
  @EnumSource(Dtype.class)
  void ranges_inAnyOrder_makeTheSameDocument(Dtype dtype) {
    ModelSpec spec = Specs.sized(dtype, 1, 5, 1, 20_001, 2, 1, 1, 977, 3);
    byte[] vector = new byte[(int) spec.vectorBytes()];
    var random = new Random(1);
    random.nextBytes(vector);
    String text = written(spec, vector, whole(spec));
    String digits =
        Pattern.compile("\\[\"([0-9a-f]*)\"")
            .matcher(text)
            .results()
            .map(match -> match.group(1))
            .collect(joining());
    assertThat(digits).isEqualTo(HexFormat.of().formatHex(vector));
    for (int largest : new int[] {1, 7, 1000, 20_000}) {
      List<Range> ranges = ranges(spec.parameters(), largest, random);
      if (largest > 1) {
        assertThat(written(spec, vector, ranges)).isEqualTo(text);
      }
      var document = new StateDocument(spec, Tally.none(spec.optimizer().modules()));
      var file = new Buffer(text);
      for (Range range : ranges.subList(0, Math.min(ranges.size(), 300))) {
        Tile tile = Tile.zeros(dtype, range.length());
        assertThat(new StateValues(document, file::read).read(0, range, tile)).isTrue();
        byte[] bytes = new byte[range.length() * dtype.bytes()];
        tile.write(MemorySegment.ofArray(bytes), 0);
        int from = (int) range.from() * dtype.bytes();
        assertThat(bytes).isEqualTo(Arrays.copyOfRange(vector, from, from + bytes.length));
      }
    }
  }

  private static List<Range> ranges(long size, int largest, Random random) {
    var ranges = new ArrayList<Range>();
    for (long from = 0; from < size; from = ranges.getLast().end()) {
      ranges.add(new Range(from, (int) Math.min(size - from, 1 + random.nextInt(largest))));
    }
    Collections.shuffle(ranges, random);
    return ranges;
  }

  @Test
  void otherText_isNoticed() {
    ModelSpec spec = Specs.sized(Dtype.FLOAT32, 2, 1);
    var document = new StateDocument(spec, Tally.none(spec.optimizer().modules()));
    String text = written(spec, new byte[12], whole(spec));
    for (int place = 0; place < text.length(); place++) {
      byte[] changed = text.getBytes(US_ASCII);
      changed[place] ^= 0x10; // no hex digit becomes another
      var file = new Buffer(new String(changed, UTF_8));
      boolean asItWas = document.matchesText(file::read);
      Tile tile = Tile.zeros(Dtype.FLOAT32, 3);
      assertThat(asItWas && new StateValues(document, file::read).read(0, new Range(0, 3), tile))
          .as("byte %s", place)
          .isFalse();
    }
  }
}
