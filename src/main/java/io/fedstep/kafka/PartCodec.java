package io.fedstep.kafka;

import io.fedstep.close.ShardResult;
import io.fedstep.codec.Base64Doubles;
import io.fedstep.codec.JoinedCrc32c;
import io.fedstep.codec.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What a range found out, as a document. */
final class PartCodec {
  private PartCodec() {}

  static ObjectNode write(ShardResult part) {
    ObjectNode json =
        Json.object()
            .put("finite", part.finite())
            .put("gradient_squares", Base64Doubles.write(part.gradientSquares()))
            .put("step_squares", Base64Doubles.write(part.stepSquares()));
    json.set("written", write(part.written()));
    json.set("read", write(part.read()));
    return json;
  }

  private static ObjectNode write(Map<String, List<JoinedCrc32c.Piece>> sums) {
    ObjectNode files = Json.object();
    sums.forEach((name, pieces) -> {
      var array = files.putArray(name);
      pieces.forEach(
          piece -> array.addArray().add(piece.offset()).add(piece.length()).add(piece.crc()));
    });
    return files;
  }

  static ShardResult read(JsonNode json) {
    return new ShardResult(
        json.required("finite").booleanValue(),
        Base64Doubles.read(MessageJson.text(json, "gradient_squares")),
        Base64Doubles.read(MessageJson.text(json, "step_squares")),
        pieces(json.required("written")),
        pieces(json.path("read"))); // of before there was one: the files are read again
  }

  private static Map<String, List<JoinedCrc32c.Piece>> pieces(JsonNode files) {
    var all = new TreeMap<String, List<JoinedCrc32c.Piece>>();
    for (var file : files.properties()) {
      var pieces = new ArrayList<JoinedCrc32c.Piece>();
      for (JsonNode piece : file.getValue()) {
        pieces.add(
            new JoinedCrc32c.Piece(
                piece.required(0).longValue(),
                piece.required(1).longValue(),
                piece.required(2).intValue()));
      }
      all.put(file.getKey(), pieces);
    }
    return all;
  }
}
