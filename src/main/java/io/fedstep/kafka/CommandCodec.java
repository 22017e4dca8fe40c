package io.fedstep.kafka;

import io.fedstep.codec.Json;
import io.fedstep.codec.Metadata;
import io.fedstep.codec.OptimizerCodec;
import io.fedstep.codec.PolicyCodec;
import io.fedstep.codec.RecordCodec;
import io.fedstep.codec.SpecCodec;
import io.fedstep.coordinator.Command;
import io.fedstep.coordinator.Replacement;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Commands as requests to a model's leader, told apart by the member {@code kind}. */
final class CommandCodec {
  private CommandCodec() {}

  /** A command as a request. */
  static ObjectNode write(Command command) {
    return switch (command) {
      case Command.Close _ -> kind("close");
      case Command.Stop _ -> kind("stop");
      case Command.Start _ -> kind("start");
      case Command.SetPolicy(var policy) -> kind("policy").set("policy", PolicyCodec.write(policy));
      case Command.SetOptimizer(var optimizer) ->
          kind("optimizer").set("optimizer", OptimizerCodec.write(optimizer));
      case Command.SetAggregator(var aggregator) ->
          kind("aggregator").set("aggregator", SpecCodec.write(aggregator));
      case Command.SetBound(var bound) ->
          bound == null
              ? kind("bound").putNull("bound")
              : kind("bound").set("bound", SpecCodec.write(bound));
      case Command.SetMetadata(var metadata) -> kind("metadata").put("metadata", metadata.json());
      case Command.SetKeepBest(var best) ->
          best == null
              ? kind("keep-best").putNull("best")
              : kind("keep-best").set("best", SpecCodec.write(best));
      case Command.SetTag(var tag, var version) ->
          kind("tag").put("tag", tag).put("version", version);
      case Command.RemoveTag(var tag) -> kind("untag").put("tag", tag);
      case Command.Replace(var by, var newest) -> write(by).setAll(MessageJson.expected(newest));
      case Command.Report(var version, var client, var report) ->
          kind("report")
              .put("version", version)
              .put("client", client)
              .set("report", RecordCodec.report(client, report));
    };
  }

  private static ObjectNode kind(String kind) {
    return Json.object().put("kind", kind);
  }

  /** A request as the command that it is. */
  static Command read(ObjectNode request) {
    return switch (MessageJson.text(request, "kind")) {
      case "close" -> new Command.Close();
      case "stop" -> new Command.Stop();
      case "start" -> new Command.Start();
      case "policy" ->
          new Command.SetPolicy(PolicyCodec.read((ObjectNode) request.required("policy"), "round"));
      case "optimizer" ->
          new Command.SetOptimizer(
              OptimizerCodec.read((ObjectNode) request.required("optimizer"), "optimizer"));
      case "aggregator" ->
          new Command.SetAggregator(SpecCodec.aggregator(request.required("aggregator")));
      case "bound" -> new Command.SetBound(SpecCodec.bound(request.required("bound")));
      case "metadata" ->
          new Command.SetMetadata(new Metadata(MessageJson.text(request, "metadata")));
      case "keep-best" -> new Command.SetKeepBest(SpecCodec.keepBest(request.required("best")));
      case "tag" ->
          new Command.SetTag(
              MessageJson.text(request, "tag"), request.required("version").longValue());
      case "untag" -> new Command.RemoveTag(MessageJson.text(request, "tag"));
      case "report" ->
          new Command.Report(
              request.required("version").longValue(),
              MessageJson.text(request, "client"),
              RecordCodec.readReport(request.required("report")));
      default -> new Command.Replace(readReplacement(request), MessageJson.expected(request));
    };
  }

  /** What replaces a round, in a request or a decision. */
  static ObjectNode write(Replacement by) {
    return switch (by) {
      case Replacement.Restored(var from) -> kind("restore").put("from", from);
      case Replacement.State(var draft) -> kind("state").put("draft", draft);
      case Replacement.Weights(var draft, var digest) ->
          kind("weights").put("draft", draft).put("digest", digest);
    };
  }

  /** What {@link #write(Replacement)} gave. */
  static Replacement readReplacement(JsonNode json) {
    String kind = MessageJson.text(json, "kind");
    return switch (kind) {
      case "restore" -> new Replacement.Restored(json.required("from").longValue());
      case "state" -> new Replacement.State(MessageJson.text(json, "draft"));
      case "weights" ->
          new Replacement.Weights(
              MessageJson.text(json, "draft"), MessageJson.text(json, "digest"));
      default -> throw new ClusterException("a request of the kind " + kind);
    };
  }
}
