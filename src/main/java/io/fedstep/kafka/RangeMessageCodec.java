package io.fedstep.kafka;

import io.fedstep.codec.DecisionCodec;
import io.fedstep.codec.Json;
import io.fedstep.kafka.RangeMessage.OfRound;
import io.fedstep.round.Decision;
import io.fedstep.store.ModelHead;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Messages to ranges as JSON, told apart by the member {@code kind}; what goes with numbers is in
 * the message's header and has none.
 */
final class RangeMessageCodec {
  private static final String UPLOAD = "upload";
  private static final String ADMITTED = "admitted";
  private static final String REFUSED = "refused";

  private RangeMessageCodec() {}

  static ObjectNode write(RangeMessage message) {
    ObjectNode json =
        switch (message) {
          case RangeMessage.Verdicts(_, var round, var admitted, var refused) ->
              verdicts(kind("verdicts", round), admitted, refused);
          case RangeMessage.Close(_, var round, var head) ->
              kind("close", round).set("head", head.write());
          case RangeMessage.Gathered(_, var round, var step) ->
              kind("gathered", round).put("step", step);
          case RangeMessage.Done(_, var round) -> kind("done", round);
          case RangeMessage.Numbers(_, var upload, var from, var offset) ->
              Json.object().put(UPLOAD, upload).put("from", from).put("offset", offset);
          case RangeMessage.Deleted _ -> Json.object().put("kind", "deleted");
        };
    return json.put("incarnation", message.incarnation());
  }

  private static ObjectNode kind(String kind, OfRound round) {
    ObjectNode json = Json.object().put("kind", kind);
    if (round.number() != null) {
      json.put("round", round.number());
    }
    return round.base() == null ? json : json.put("base", round.base());
  }

  private static ObjectNode verdicts(
      ObjectNode json, List<RangeMessage.Admitted> admitted, List<String> refused) {
    ArrayNode updates = json.putArray(ADMITTED);
    admitted.forEach(
        one -> updates.add(DecisionCodec.write(one.update()).put(UPLOAD, one.upload())));
    ArrayNode uploads = json.putArray(REFUSED);
    refused.forEach(uploads::add);
    return json;
  }

  /** The message that {@link #write} gave. */
  static RangeMessage read(ObjectNode json) {
    String incarnation = MessageJson.text(json, "incarnation");
    JsonNode kind = json.get("kind");
    if (kind == null) {
      return new RangeMessage.Numbers(
          incarnation,
          MessageJson.text(json, UPLOAD),
          json.required("from").longValue(),
          json.required("offset").longValue());
    }
    JsonNode base = json.get("base");
    var round =
        new OfRound(MessageJson.number(json, "round"), base == null ? null : Json.text(base));
    return switch (Json.text(kind)) {
      case "verdicts" ->
          new RangeMessage.Verdicts(
              incarnation,
              round,
              json.required(ADMITTED).valueStream().map(RangeMessageCodec::admitted).toList(),
              json.required(REFUSED).valueStream().map(Json::text).toList());
      case "close" ->
          new RangeMessage.Close(
              incarnation, round, ModelHead.of((ObjectNode) json.required("head")));
      case "gathered" ->
          new RangeMessage.Gathered(incarnation, round, json.required("step").intValue());
      case "done" -> new RangeMessage.Done(incarnation, round);
      case "deleted" -> new RangeMessage.Deleted(incarnation);
      default -> throw new ClusterException("a message of the kind " + Json.text(kind));
    };
  }

  private static RangeMessage.Admitted admitted(JsonNode json) {
    return new RangeMessage.Admitted(
        MessageJson.text(json, UPLOAD), (Decision.Accepted) DecisionCodec.read(json));
  }
}
