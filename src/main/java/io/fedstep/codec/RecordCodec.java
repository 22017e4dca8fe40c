package io.fedstep.codec;

import io.fedstep.model.DifferentialPrivacy;
import io.fedstep.model.ModelSpec;
import io.fedstep.model.RoundPolicy;
import io.fedstep.model.UpdateBound;
import io.fedstep.round.Decision;
import io.fedstep.round.Masked;
import io.fedstep.round.MetricNames;
import io.fedstep.round.Reported;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.UpdateMetadata;
import java.time.Instant;
import java.util.ArrayList;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Records of rounds as JSON, on disk and on the wire. */
public final class RecordCodec {
  private RecordCodec() {}

  /** A time: RFC 3339, UTC, milliseconds. */
  public static String time(Instant instant) {
    return Words.time(instant);
  }

  /** A time that {@link #time} wrote. */
  public static Instant time(JsonNode text) {
    return Words.time(text);
  }

  /** An update that is in a round, as its record shows it. */
  public static ObjectNode client(ModelSpec spec, long round, Decision.Accepted update) {
    RoundPolicy policy = spec.round();
    ObjectNode json =
        DecisionCodec.add(
            DecisionCodec.client(update, spec.showsNorms()), update.summary().transfer());
    DecisionCodec.add(json, update.local());
    if (spec.secure() != null) {
      json.putNull("weight");
    }
    if (policy.mode().isBuffer()) {
      json.put("trained_from", round - update.staleness()).put("staleness", update.staleness());
    }
    return spec.weighsAnew()
        ? json.put("effective_weight", spec.effectiveWeight(update.weight(), update.staleness()))
        : json;
  }

  /** A client's report on a version. */
  public static ObjectNode report(String client, UpdateMetadata report) {
    ObjectNode json = Json.object().put("client", client).put("weight", report.weight());
    json.set("metrics", DecisionCodec.metrics(report.metrics()));
    return json;
  }

  /** A report that {@link #report} wrote. */
  public static UpdateMetadata readReport(JsonNode json) {
    return new UpdateMetadata(
        json.required("weight").doubleValue(),
        DecisionCodec.readMetrics(json.required("metrics")),
        null);
  }

  /** The receipt of an update that was computed from version {@code from}. */
  public static ObjectNode receipt(
      String model, ModelSpec spec, long from, Decision.Accepted update) {
    ObjectNode json =
        Json.object()
            .put("model", model)
            .put("round", from + update.staleness())
            .put("client", update.client())
            .put("weight", spec.secure() == null ? (Double) update.weight() : null)
            .put("digest", update.summary().digest())
            .put("updates", update.updates());
    DecisionCodec.add(json, update.summary().transfer());
    DecisionCodec.add(json, update.local());
    return spec.round().mode().isBuffer() ? json.put("trained_from", from) : json;
  }

  /** A record as the contract shows it. */
  public static ObjectNode view(String model, RoundRecord ended) {
    return view(model, ended, Long.MAX_VALUE);
  }

  /** The same, with at most that many clients. */
  public static ObjectNode view(String model, RoundRecord ended, long most) {
    ObjectNode json = summary(model, ended);
    var clients = json.putArray("clients");
    ended.clients().stream()
        .limit(most)
        .forEach(update -> clients.add(client(ended.spec(), ended.round(), update)));
    return json;
  }

  /** A record as it is kept: every update as in the journal, and the spec. */
  public static ObjectNode write(String model, RoundRecord ended) {
    ObjectNode json = summary(model, ended);
    var clients = json.putArray("clients");
    ended.clients().forEach(update -> clients.add(DecisionCodec.accepted(update)));
    json.set("spec", SpecCodec.write(ended.spec()));
    return json;
  }

  private static ObjectNode summary(String model, RoundRecord ended) {
    ObjectNode json = Json.object();
    json.put("model", model);
    json.put("round", ended.round());
    json.put("outcome", Words.label(ended.outcome(), '-'));
    Decision.Closed closed = ended.closedBy();
    json.put("closed_by", closed == null ? null : Words.label(closed.by(), '_'));
    json.put("base", ended.base());
    json.put("updates", ended.clients().size());
    json.put("total_weight", ended.totalWeight());
    json.set("metrics", DecisionCodec.metrics(ended.metrics()));
    Masked masked = ended.masked();
    if (masked != null) {
      StageCodec.write(masked, json);
    }
    json.put("gradient_norm", ended.gradientNorm());
    json.put("step_norm", ended.stepNorm());
    json.put("participation", ended.participation());
    json.set("policy", PolicyCodec.write(ended.spec().round()));
    json.set("optimizer", OptimizerCodec.write(ended.spec().optimizer()));
    json.set("aggregator", SpecCodec.write(ended.spec().aggregator()));
    UpdateBound bound = ended.spec().updateBound();
    if (bound != null) {
      json.set("update_bound", SpecCodec.write(bound));
    }
    Reported reports = ended.reports();
    if (reports != null) {
      ObjectNode all = json.putObject("reports").put("count", reports.count());
      all.set("metrics", DecisionCodec.metrics(reports.metrics()));
    }
    if (ended.spec().protection() instanceof DifferentialPrivacy privacy) {
      json.putObject("privacy")
          .put("noise_multiplier", privacy.noiseMultiplier())
          .put("participation", privacy.share(ended.participation()))
          .put("clip_norm", privacy.clipNorm())
          .put("epsilon", ended.epsilon())
          .put("delta", privacy.delta());
    }
    json.put("opened_at", Words.time(ended.openedAt()));
    json.put("closed_at", closed == null ? null : Words.time(closed.at()));
    json.put("ended_at", Words.time(ended.endedAt()));
    Decision.Abandoned abandoned = ended.abandoned();
    if (abandoned != null) {
      json.set("why", StageCodec.why(abandoned));
    } else if (ended.spec().secure() != null) {
      json.putNull("why");
    }
    return json;
  }

  /** A record that {@link #write(String, RoundRecord)} wrote. */
  public static RoundRecord read(JsonNode json) {
    var clients = new ArrayList<Decision.Accepted>();
    var names = new MetricNames();
    json.required("clients")
        .forEach(node -> clients.add(DecisionCodec.readAccepted(node).with(names)));
    JsonNode closedBy = json.required("closed_by");
    ModelSpec spec = SpecCodec.read((ObjectNode) json.required("spec"));
    JsonNode participation = json.get("participation"); // absent before it could be doubled
    Decision.Closed closed =
        closedBy.isNull()
            ? null
            : new Decision.Closed(
                Words.constant(Decision.Cause.class, closedBy),
                Words.time(json.required("closed_at")));
    return new RoundRecord(
        json.required("round").longValue(),
        Words.constant(RoundRecord.Outcome.class, json.required("outcome")),
        Json.text(json.required("base")),
        spec,
        participation == null ? spec.round().participation() : participation.doubleValue(),
        Words.time(json.required("opened_at")),
        closed,
        Words.time(json.required("ended_at")),
        clients,
        number(json.get("gradient_norm")),
        number(json.get("step_norm")),
        reports(json.get("reports")),
        closed == null || json.path("why").isNull() || !json.has("why")
            ? null
            : StageCodec.readWhy(json.required("why"), closed),
        number(json.path("privacy").get("epsilon")),
        StageCodec.readMasked(json, DecisionCodec.readMetrics(json.required("metrics"))));
  }

  private static @Nullable Reported reports(@Nullable JsonNode json) {
    return json == null
        ? null
        : new Reported(
            json.required("count").intValue(), DecisionCodec.readMetrics(json.required("metrics")));
  }

  private static @Nullable Double number(@Nullable JsonNode node) {
    return node == null || node.isNull() ? null : node.doubleValue();
  }
}
