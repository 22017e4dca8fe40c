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
        topics.requests(), topics.partition(model), model, Wire.write(write(request)));
  }

  static ObjectNode write(Request request) {
    ObjectNode json =
        switch (request.content()) {
          case Request.Create(var head, var placement) ->
              kind("create").set("head", head.write()).set(PLACEMENT, placement.write());
          case Request.Delete(var newest) -> kind("delete").setAll(Wire.expected(newest));
          case Request.Update update -> write(update);
          case Request.Change(var incarnation, var command) ->
              CommandCodec.write(command).put(INCARNATION, incarnation);
          case Request.Failed(var incarnation, var failure) ->
              kind("failed").put(INCARNATION, incarnation).set("failure", Wire.failure(failure));
          case Request.Progress progress -> write(progress);
        };
    if (request.asker() != null) {
      json.set("asker", request.asker().write());
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
        .set("update", Wire.update(update.header(), update.content()))
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
    return progress.failed() == null ? json : json.set("failed", Wire.refusal(progress.failed()));
  }

  /** The message that {@link #write} gave. */
  static Request read(ObjectNode json) {
    return new Request(content(json), asker(json));
  }

  /** Who waits for the answer to a message, or null. */
  static @Nullable Asker asker(ObjectNode json) {
    JsonNode asker = json.get("asker");
    return asker == null ? null : Asker.of(asker);
  }

  static Request.Content content(ObjectNode json) {
    return switch (Wire.text(json, "kind")) {
      case "create" ->
          new Request.Create(
              ModelHead.of((ObjectNode) json.required("head")),
              Placement.of(json.required(PLACEMENT)));
      case "delete" -> new Request.Delete(Wire.expected(json));
      case "update" -> {
        JsonNode update = json.required("update");
        yield new Request.Update(
            Wire.text(json, INCARNATION),
            Wire.text(json, "upload"),
            json.required("from").longValue(),
            Wire.text(json, "client"),
            Wire.header(update),
            Wire.content(update),
            Placement.of(json.required(PLACEMENT)));
      }
      case "failed" ->
          new Request.Failed(Wire.text(json, INCARNATION), Wire.failure(json.required("failure")));
      case "range" -> {
        JsonNode failed = json.get("failed");
        yield new Request.Progress(
            Wire.text(json, INCARNATION),
            Wire.text(json, "base"),
            json.required("index").intValue(),
            json.required("step").intValue(),
            json.required("done").booleanValue(),
            failed == null ? null : Wire.refusal(failed));
      }
      default -> new Request.Change(Wire.text(json, INCARNATION), CommandCodec.read(json));
    };
  }
}
