package io.fedstep.kafka;

import io.fedstep.codec.DecisionCodec;
import io.fedstep.codec.Json;
import io.fedstep.codec.RecordCodec;
import io.fedstep.round.Decision;
import io.fedstep.store.ModelHead;
import io.fedstep.store.VersionInfo;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Entries of the topic of decisions as JSON beside their keys. */
final class LogEntryCodec {
  private static final String BASE = "base";
  private static final String ROUND = "round";
  private static final String VERSION = "version";
  private static final String DELETED = "deleted";
  private static final String ASKER = "asker";
  private static final String PASSED = "passed";
  private static final String REFUSAL = "refusal";

  private LogEntryCodec() {}

  /** The content of an entry; null has its key forgotten. */
  static @Nullable ObjectNode write(LogEntry entry) {
    return switch (entry) {
      case LogEntry.Head(var head, var placement) ->
          Json.object().set("head", head.write()).set("placement", placement.write());
      case LogEntry.Deleted(_, var incarnation, var version) ->
          Json.object().put(DELETED, incarnation).put(VERSION, version);
      case LogEntry.OpenRound round -> write(round);
      case LogEntry.Update(_, _, var base, var update) ->
          DecisionCodec.write(update).put(BASE, base);
      case LogEntry.Range(_, _, var base, var step, var done) ->
          Json.object().put(BASE, base).put("step", step).put("done", done);
      case LogEntry.Report(_, _, var base, var client, var report) ->
          RecordCodec.report(client, report).put(BASE, base);
      case LogEntry.Failed(_, var incarnation, var failure) ->
          MessageJson.failure(failure).put("incarnation", incarnation);
      case LogEntry.Waiting(_, _, var request) -> RequestCodec.write(request);
      case LogEntry.Answer(_, var replyTo, LogEntry.Result(var content)) ->
          Json.object().set("result", content).set(ASKER, replyTo.write());
      case LogEntry.Answer(_, var replyTo, LogEntry.Refused(var refusal)) ->
          Json.object().set(REFUSAL, MessageJson.refusal(refusal)).set(ASKER, replyTo.write());
      case LogEntry.Settings(var settings) -> settings.values();
      case LogEntry.Served _, LogEntry.Gone _ -> null;
    };
  }

  private static ObjectNode write(LogEntry.OpenRound round) {
    ObjectNode json =
        Json.object()
            .put(ROUND, round.number())
            .put(BASE, round.base())
            .put("opened_at", RecordCodec.time(round.openedAt()));
    json.set(VERSION, round.newest().write());
    Decision.Passed passed = round.passed();
    if (passed != null) {
      json.setAll(DecisionCodec.write(passed));
    }
    LogEntry.End end = round.end();
    if (end != null) {
      write(end, json);
    }
    return json;
  }

  private static void write(LogEntry.End end, ObjectNode json) {
    if (end.replyTo() != null) {
      json.set(ASKER, end.replyTo().write());
    }
    if (end.ended() != null) {
      json.setAll(DecisionCodec.write(end.ended()));
    }
    if (end.replacement() != null) {
      json.set("replacement", CommandCodec.write(end.replacement()));
    }
    if (end.failed() != null) {
      json.set("failed", MessageJson.refusal(end.failed()));
    }
  }

  /** The entry that {@link #write} gave, of this release or an earlier one. */
  static LogEntry read(String key, @Nullable ObjectNode content) {
    String[] parts = key.split("/", -1);
    if (content == null) {
      return parts[0].equals("waiting")
          ? new LogEntry.Served(parts[1], Long.parseLong(parts[2]))
          : new LogEntry.Gone(key);
    }
    return switch (parts[0]) {
      case "model" -> head(parts[1], content);
      case ROUND -> round(parts[1], content);
      case "update" ->
          new LogEntry.Update(
              parts[1],
              Long.parseLong(parts[2]),
              MessageJson.text(content, BASE),
              (Decision.Accepted) DecisionCodec.read(content));
      case "range" ->
          new LogEntry.Range(
              parts[1],
              Integer.parseInt(parts[2]),
              MessageJson.text(content, BASE),
              content.required("step").intValue(),
              content.required("done").booleanValue());
      case "report" ->
          new LogEntry.Report(
              parts[1],
              Long.parseLong(parts[2]),
              MessageJson.text(content, BASE),
              parts[3],
              RecordCodec.readReport(content));
      case "failure" ->
          new LogEntry.Failed(
              parts[1], MessageJson.text(content, "incarnation"), MessageJson.failure(content));
      case "waiting" ->
          new LogEntry.Waiting(parts[1], Long.parseLong(parts[2]), RequestCodec.read(content));
      case "answer" -> answer(Integer.parseInt(parts[1]), content);
      case "settings" -> new LogEntry.Settings(new SharedSettings(content));
      default -> throw new ClusterException("a decision has the key " + key);
    };
  }

  private static LogEntry head(String model, ObjectNode content) {
    return content.has(DELETED)
        ? new LogEntry.Deleted(
            model, MessageJson.text(content, DELETED), content.required(VERSION).longValue())
        : new LogEntry.Head(
            ModelHead.of((ObjectNode) content.required("head")),
            Placement.of(content.required("placement")));
  }

  private static LogEntry.OpenRound round(String model, ObjectNode content) {
    JsonNode passed = content.get(PASSED);
    return new LogEntry.OpenRound(
        model,
        content.required(ROUND).longValue(),
        MessageJson.text(content, BASE),
        RecordCodec.time(content.required("opened_at")),
        VersionInfo.of(content.required(VERSION)),
        passed == null ? null : DecisionCodec.readPassed(passed),
        end(content));
  }

  private static LogEntry.@Nullable End end(ObjectNode content) {
    Decision ended = ended(content);
    JsonNode replacement = content.get("replacement");
    JsonNode replyTo = content.get(ASKER);
    JsonNode failed = content.get("failed");
    return ended == null && replacement == null && failed == null
        ? null
        : new LogEntry.End(
            ended,
            replacement == null ? null : CommandCodec.readReplacement(replacement),
            replyTo == null ? null : ReplyTo.of(replyTo),
            failed == null ? null : MessageJson.refusal(failed));
  }

  /** A passed deadline may stand beside it. */
  private static @Nullable Decision ended(ObjectNode content) {
    for (String kind : List.of("closed", "abandoned")) {
      JsonNode ended = content.get(kind);
      if (ended != null) {
        return DecisionCodec.read(Json.object().set(kind, ended));
      }
    }
    return null;
  }

  private static LogEntry answer(int slot, ObjectNode content) {
    JsonNode refusal = content.get(REFUSAL);
    return new LogEntry.Answer(
        slot,
        ReplyTo.of(content.required(ASKER)),
        refusal != null
            ? new LogEntry.Refused(MessageJson.refusal(refusal))
            : new LogEntry.Result((ObjectNode) content.required("result")));
  }
}
