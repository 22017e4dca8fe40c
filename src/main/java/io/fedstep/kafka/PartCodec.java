package io.fedstep.kafka;

import io.fedstep.codec.Base64Doubles;
import io.fedstep.codec.JoinedCrc32c;
import io.fedstep.codec.Json;
import io.fedstep.coordinator.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What a range found out, as a document. */
final class PartCodec {
  private PartCodec() {}

  static ObjectNode write(Part part) {
    ObjectNode json =
        Json.object()
            .put("finite", part.finite())
            .put("gradient_squares", Base64Doubles.write(part.gradientSquares()))
            .put("step_squares", Base64Doubles.write(part.stepSquares()));
    ObjectNode files = json.putObject("written");
    part.written()
        .forEach((name, pieces) -> {
          var array = files.putArray(name);
          pieces.forEach(
              piece -> array.addArray().add(piece.offset()).add(piece.length()).add(piece.crc()));
        });
    return json;
  }

  static Part read(JsonNode json) {
    var written = new TreeMap<String, List<JoinedCrc32c.Piece>>();
    for (var file : json.required("written").properties()) {
      var pieces = new ArrayList<JoinedCrc32c.Piece>();
      for (JsonNode piece : file.getValue()) {
        pieces.add(
            new JoinedCrc32c.Piece(
                piece.required(0).longValue(),
                piece.required(1).longValue(),
                piece.required(2).intValue()));
      }
      written.put(file.getKey(), pieces);
    }
    return new Part(
        json.required("finite").booleanValue(),
        Base64Doubles.read(Wire.text(json, "gradient_squares")),
        Base64Doubles.read(Wire.text(json, "step_squares")),
        written);
  }
}
