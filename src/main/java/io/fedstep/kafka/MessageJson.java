package io.fedstep.kafka;

import io.fedstep.codec.DecisionCodec;
import io.fedstep.codec.Json;
import io.fedstep.codec.RecordCodec;
import io.fedstep.coordinator.ClientFailure;
import io.fedstep.coordinator.Expected;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.round.VectorSummary;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** What goes through the topics beside numbers, as JSON: its first member is the format. */
final class MessageJson {
  private static final String RETRY_AFTER = "retry_after";
  private static final String STATUS = "status";

  private static final int FORMAT = 1;

  private static final TypeReference<Map<String, Object>> MEMBERS = new TypeReference<>() {};
  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(DeserializationFeature.USE_LONG_FOR_INTS).build();

  private MessageJson() {}

  /** A message. */
  static byte[] write(ObjectNode message) {
    ObjectNode all = Json.object().put("format", FORMAT);
    all.setAll(message);
    return Json.write(all);
  }

  /** A message that {@link #write} gave. */
  static ObjectNode read(byte[] bytes) {
    ObjectNode message = (ObjectNode) Json.read(bytes);
    int format = message.path("format").asInt(0);
    if (format != FORMAT) {
      throw new ClusterException(
          "a message says format %s; this fedstep reads format %s".formatted(format, FORMAT));
    }
    return message;
  }

  static String text(JsonNode json, String member) {
    return Json.text(json.required(member));
  }

  /** An update's header and what was found in its numbers. */
  static ObjectNode update(UpdateMetadata header, VectorSummary content) {
    ObjectNode json =
        Json.object()
            .put("weight", header.weight())
            .put("base", header.base())
            .put("digest", content.digest())
            .put("norm", content.norm());
    json.set("metrics", DecisionCodec.metrics(header.metrics()));
    return DecisionCodec.addKnown(json, content.transfer());
  }

  static UpdateMetadata header(JsonNode json) {
    JsonNode base = json.required("base");
    return new UpdateMetadata(
        json.required("weight").doubleValue(),
        DecisionCodec.readMetrics(json.required("metrics")),
        base.isNull() ? null : Json.text(base));
  }

  static VectorSummary content(JsonNode json) {
    return DecisionCodec.readSummary(json);
  }

  static ObjectNode refusal(Refusal refusal) {
    ObjectNode json =
        Json.object().put("code", refusal.problem().code()).put("detail", refusal.detail());
    if (refusal.status() != refusal.problem().status()) {
      json.put(STATUS, refusal.status());
    }
    ObjectNode members = MAPPER.valueToTree(refusal.members());
    if (refusal.retryAfter() != null) {
      members.put(RETRY_AFTER, refusal.retryAfter());
    }
    return json.set("members", members);
  }

  static Refusal refusal(JsonNode json) {
    String code = text(json, "code");
    Problem problem = Problem.valueOf(code.toUpperCase(Locale.ROOT).replace('-', '_'));
    Map<String, Object> members = MAPPER.convertValue(json.required("members"), MEMBERS);
    Long retryAfter = (Long) members.remove(RETRY_AFTER);
    int status = json.path(STATUS).asInt(problem.status());
    return new Refusal(problem, text(json, "detail"), retryAfter, members, status);
  }

  /** A client's failure. */
  static ObjectNode failure(ClientFailure failure) {
    return Json.object()
        .put("round", failure.round())
        .put("client", failure.client())
        .put("error", failure.error())
        .put("detail", failure.detail())
        .put("at", RecordCodec.time(failure.at()));
  }

  static ClientFailure failure(JsonNode json) {
    JsonNode detail = json.required("detail");
    return new ClientFailure(
        json.required("round").longValue(),
        text(json, "client"),
        text(json, "error"),
        detail.isNull() ? null : Json.text(detail),
        RecordCodec.time(json.required("at")));
  }

  /** What a change takes to be the newest version. */
  static ObjectNode expected(Expected expected) {
    return Json.object().put("newest", expected.version()).put("base", expected.base());
  }

  /** The same, of a change. */
  static Expected expected(JsonNode change) {
    JsonNode base = change.path("base");
    return new Expected(number(change, "newest"), base.isString() ? Json.text(base) : null);
  }

  /** A number that may be missing. */
  static @Nullable Long number(JsonNode json, String member) {
    JsonNode found = json.path(member);
    return found.isNumber() ? (Long) found.longValue() : null;
  }
}
