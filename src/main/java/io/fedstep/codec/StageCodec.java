package io.fedstep.codec;

import io.fedstep.round.Decision;
import io.fedstep.round.Masked;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The decisions of rounds of several stages as JSON. */
final class StageCodec {
  private StageCodec() {}

  static ObjectNode write(Decision.Answered answered) {
    return Json.object()
        .put("stage", answered.stage())
        .put("client", answered.client())
        .put("document", answered.document())
        .put("received_at", Words.time(answered.receivedAt()))
        .put("answers", answered.answers());
  }

  static ObjectNode write(Decision.StageClosed closed) {
    return Json.object()
        .put("stage", closed.stage())
        .put("by", Words.label(closed.by(), '_'))
        .put("at", Words.time(closed.at()))
        .put("min_updates", closed.minUpdates())
        .put("max_updates", closed.maxUpdates());
  }

  static ObjectNode write(Decision.StageResumed resumed) {
    return Json.object().put("stage", resumed.stage()).put("at", Words.time(resumed.at()));
  }

  static ObjectNode write(Decision.Abandoned abandoned) {
    return Json.object()
        .put("by", Words.label(abandoned.close().by(), '_'))
        .put("at", Words.time(abandoned.close().at()))
        .setAll(why(abandoned));
  }

  /** Why a round was abandoned, as its record shows it. */
  static ObjectNode why(Decision.Abandoned abandoned) {
    ObjectNode json = Json.object().put("stage", abandoned.stage());
    abandoned.missing().forEach(json.putArray("missing")::add);
    abandoned.unopened().forEach(json.putArray("unopened")::add);
    return json;
  }

  /** What {@link #why} wrote, of a round that was closed so. */
  static Decision.Abandoned readWhy(JsonNode json, Decision.Closed close) {
    return new Decision.Abandoned(
        close,
        Json.text(json.required("stage")),
        texts(json.required("missing")),
        texts(json.required("unopened")));
  }

  private static List<String> texts(JsonNode json) {
    List<String> texts = new ArrayList<>();
    json.forEach(one -> texts.add(Json.text(one)));
    return List.copyOf(texts);
  }

  /** What a record has more of masked updates. */
  static void write(Masked masked, ObjectNode json) {
    json.put("members", masked.members()).put("threshold", masked.threshold());
    masked.missing().forEach(json.putArray("missing")::add);
    masked.wrong().forEach(json.putArray("wrong")::add);
    json.put("clipped", masked.clipped());
  }

  /** What {@link #write(Masked, ObjectNode)} wrote, and the record's own; null of others. */
  static @Nullable Masked readMasked(JsonNode record, SortedMap<String, Double> metrics) {
    if (!record.has("members")) {
      return null;
    }
    JsonNode threshold = record.required("threshold");
    JsonNode weight = record.required("total_weight");
    JsonNode clipped = record.required("clipped");
    return new Masked(
        record.required("members").intValue(),
        threshold.isNull() ? null : (Integer) threshold.intValue(),
        texts(record.required("missing")),
        texts(record.required("wrong")),
        weight.isNull() ? null : (Long) weight.longValue(),
        metrics,
        clipped.isNull() ? null : (Double) clipped.doubleValue());
  }

  /** A journal's entry as a decision of one of these kinds. */
  static Decision read(JsonNode json) {
    JsonNode answered = json.get("answered");
    if (answered != null) {
      return readAnswered(answered);
    }
    JsonNode closed = json.get("stage_closed");
    if (closed != null) {
      return readClosed(closed);
    }
    JsonNode resumed = json.get("stage_resumed");
    if (resumed != null) {
      return new Decision.StageResumed(
          Json.text(resumed.required("stage")), Words.time(resumed.required("at")));
    }
    JsonNode abandoned = json.required("abandoned");
    return readWhy(
        abandoned,
        new Decision.Closed(
            Words.constant(Decision.Cause.class, abandoned.required("by")),
            Words.time(abandoned.required("at"))));
  }

  private static Decision.Answered readAnswered(JsonNode json) {
    return new Decision.Answered(
        Json.text(json.required("stage")),
        Json.text(json.required("client")),
        Json.text(json.required("document")),
        Words.time(json.required("received_at")),
        json.required("answers").intValue());
  }

  private static Decision.StageClosed readClosed(JsonNode json) {
    return new Decision.StageClosed(
        Json.text(json.required("stage")),
        Words.constant(Decision.Cause.class, json.required("by")),
        Words.time(json.required("at")),
        json.required("min_updates").intValue(),
        json.required("max_updates").intValue());
  }
}
