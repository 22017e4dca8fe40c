package io.fedstep.kafka;

import io.fedstep.codec.Json;
import io.fedstep.store.ModelHead;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Messages to models' leaders as JSON, told apart by the member {@code kind}. */
final class RequestCodec {
  private static final String INCARNATION = "incarnation";
  private static final String PLACEMENT = "placement";

  private RequestCodec() {}

  /** A message to a model's leader. */
  static ProducerRecord<String, byte[]> message(Topics topics, String model, Request request) {
    return new ProducerRecord<>(
        topics.requests(), topics.partition(model), model, MessageJson.write(write(request)));
  }

  static ObjectNode write(Request request) {
    ObjectNode json =
        switch (request.content()) {
          case Request.Create(var head, var placement) ->
              kind("create").set("head", head.write()).set(PLACEMENT, placement.write());
          case Request.Delete(var newest) -> kind("delete").setAll(MessageJson.expected(newest));
          case Request.Update update -> write(update);
          case Request.Change(var incarnation, var command) ->
              CommandCodec.write(command).put(INCARNATION, incarnation);
          case Request.Failed(var incarnation, var failure) ->
              kind("failed")
                  .put(INCARNATION, incarnation)
                  .set("failure", MessageJson.failure(failure));
          case Request.Progress progress -> write(progress);
        };
    if (request.replyTo() != null) {
      json.set("asker", request.replyTo().write());
    }
    return json;
  }

  private static ObjectNode kind(String kind) {
    return Json.object().put("kind", kind);
  }

  private static ObjectNode write(Request.Update update) {
    return kind("update")
        .put(INCARNATION, update.incarnation())
        .put("upload", update.upload())
        .put("from", update.from())
        .put("client", update.client())
        .set("update", MessageJson.update(update.header(), update.content()))
        .set(PLACEMENT, update.placement().write());
  }

  private static ObjectNode write(Request.Progress progress) {
    ObjectNode json =
        kind("range")
            .put(INCARNATION, progress.incarnation())
            .put("base", progress.base())
            .put("index", progress.index())
            .put("step", progress.step())
            .put("done", progress.done());
    return progress.failed() == null
        ? json
        : json.set("failed", MessageJson.refusal(progress.failed()));
  }

  /** The message that {@link #write} gave. */
  static Request read(ObjectNode json) {
    return new Request(content(json), replyTo(json));
  }

  /** Who waits for the answer to a message, or null. */
  static @Nullable ReplyTo replyTo(ObjectNode json) {
    JsonNode replyTo = json.get("asker");
    return replyTo == null ? null : ReplyTo.of(replyTo);
  }

  static Request.Content content(ObjectNode json) {
    return switch (MessageJson.text(json, "kind")) {
      case "create" ->
          new Request.Create(
              ModelHead.of((ObjectNode) json.required("head")),
              Placement.of(json.required(PLACEMENT)));
      case "delete" -> new Request.Delete(MessageJson.expected(json));
      case "update" -> {
        JsonNode update = json.required("update");
        yield new Request.Update(
            MessageJson.text(json, INCARNATION),
            MessageJson.text(json, "upload"),
            json.required("from").longValue(),
            MessageJson.text(json, "client"),
            MessageJson.header(update),
            MessageJson.content(update),
            Placement.of(json.required(PLACEMENT)));
      }
      case "failed" ->
          new Request.Failed(
              MessageJson.text(json, INCARNATION), MessageJson.failure(json.required("failure")));
      case "range" -> {
        JsonNode failed = json.get("failed");
        yield new Request.Progress(
            MessageJson.text(json, INCARNATION),
            MessageJson.text(json, "base"),
            json.required("index").intValue(),
            json.required("step").intValue(),
            json.required("done").booleanValue(),
            failed == null ? null : MessageJson.refusal(failed));
      }
      default -> new Request.Change(MessageJson.text(json, INCARNATION), CommandCodec.read(json));
    };
  }
}
