package io.fedstep.coordinator;

import io.fedstep.codec.Base64Doubles;
import io.fedstep.codec.JoinedCrc32c;
import io.fedstep.codec.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a shard of a close found out.
 *
 * @param finite whether all that it wrote is
 * @param gradientSquares for each tile, the sum of the squares of the aggregated gradient
 * @param stepSquares for each tile, the sum of the squares of what was subtracted from the weights
 * @param written by file, the checksums of what it wrote
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Part(
    boolean finite,
    double[] gradientSquares,
    double[] stepSquares,
    Map<String, List<JoinedCrc32c.Piece>> written) {
  /** As a document. */
  public ObjectNode write() {
    ObjectNode json =
        Json.object()
            .put("finite", finite)
            .put("gradient_squares", Base64Doubles.write(gradientSquares))
            .put("step_squares", Base64Doubles.write(stepSquares));
    ObjectNode files = json.putObject("written");
    written.forEach((name, pieces) -> {
      var array = files.putArray(name);
      pieces.forEach(
          piece -> array.addArray().add(piece.offset()).add(piece.length()).add(piece.crc()));
    });
    return json;
  }

  /** What a document says that {@link #write} gave. */
  public static Part of(JsonNode json) {
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
        Base64Doubles.read(Json.text(json.required("gradient_squares"))),
        Base64Doubles.read(Json.text(json.required("step_squares"))),
        written);
  }
}
