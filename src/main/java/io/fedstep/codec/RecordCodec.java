package io.fedstep.codec;

import io.fedstep.model.DifferentialPrivacy;
import io.fedstep.model.ModelSpec;
import io.fedstep.model.RoundPolicy;
import io.fedstep.model.UpdateBound;
import io.fedstep.round.Decision;
import io.fedstep.round.LocalRun;
import io.fedstep.round.Masked;
import io.fedstep.round.MetricNames;
import io.fedstep.round.NoiseKey;
import io.fedstep.round.Reported;
import io.fedstep.round.RoundRecord;
import io.fedstep.round.Transfer;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.round.VectorSummary;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Decisions and records of rounds as JSON, in the journal, on disk and on the wire. */
public final class RecordCodec {
  private static final String NOISE_KEY = "noise_key";
  private static final String ENCODING = "encoding";
  private static final String LEFT_OUT = "left_out";
  private static final String BYTES = "bytes";
  private static final String SIGNATURE = "signature";
  private static final String LOCAL_RATE = "local_rate";
  private static final String CONTROL = "control";
  private static final String LOST = "lost";

  private RecordCodec() {}

  /** A time: RFC 3339, UTC, milliseconds. */
  public static String time(Instant instant) {
    return Words.time(instant);
  }

  /** A time that {@link #time} wrote. */
  public static Instant time(JsonNode text) {
    return Words.time(text);
  }

  /** A decision as a journal's entry. */
  public static ObjectNode write(Decision decision) {
    ObjectNode json = Json.object();
    switch (decision) {
      case Decision.Accepted accepted -> json.set("accepted", accepted(accepted));
      case Decision.Answered answered -> json.set("answered", StageCodec.write(answered));
      case Decision.Passed passed -> json.set("passed", passed(passed));
      case Decision.StageClosed closed -> json.set("stage_closed", StageCodec.write(closed));
      case Decision.StageResumed resumed -> json.set("stage_resumed", StageCodec.write(resumed));
      case Decision.Closed closed -> json.set("closed", closed(closed));
      case Decision.Abandoned abandoned -> json.set("abandoned", StageCodec.write(abandoned));
    }
    return json;
  }

  /** A journal's entry as a decision. */
  public static Decision readDecision(JsonNode json) {
    JsonNode accepted = json.get("accepted");
    if (accepted != null) {
      return readAccepted(accepted);
    }
    JsonNode closed = json.get("closed");
    if (closed != null) {
      return readClosed(closed);
    }
    JsonNode passed = json.get("passed");
    return passed != null ? readPassed(passed) : StageCodec.read(json);
  }

  private static ObjectNode passed(Decision.Passed passed) {
    return Json.object()
        .put("policy", passed.policy())
        .put("times", passed.times())
        .put("at", time(passed.at()));
  }

  /** A passed deadline, as its decision's entry has it. */
  public static Decision.Passed readPassed(JsonNode json) {
    return new Decision.Passed(
        json.required("policy").longValue(),
        json.required("times").intValue(),
        time(json.required("at")));
  }

  private static ObjectNode closed(Decision.Closed closed) {
    ObjectNode json =
        Json.object().put("by", Words.label(closed.by(), '_')).put("at", time(closed.at()));
    NoiseKey key = closed.noiseKey();
    return key == null ? json : json.put(NOISE_KEY, key.hex());
  }

  private static Decision.Closed readClosed(JsonNode json) {
    JsonNode key = json.get(NOISE_KEY);
    return new Decision.Closed(
        Words.constant(Decision.Cause.class, json.required("by")),
        time(json.required("at")),
        key == null ? null : new NoiseKey(Json.text(key)));
  }

  private static ObjectNode accepted(Decision.Accepted accepted) {
    ObjectNode json = addKnown(client(accepted, true), accepted.summary().transfer());
    json.put("row", accepted.row());
    json.put("updates", accepted.updates());
    if (accepted.staleness() != 0) {
      json.put("staleness", accepted.staleness());
    }
    json.set("metrics", metrics(accepted.metrics()));
    LocalRun local = accepted.local();
    if (local != null) {
      json.put(LOCAL_RATE, local.rate());
      if (local.lostControl()) {
        json.put(CONTROL, LOST);
      }
    }
    return accepted.signature() == null ? json : json.put(SIGNATURE, accepted.signature());
  }

  private static Decision.Accepted readAccepted(JsonNode json) {
    return new Decision.Accepted(
        Json.text(json.required("client")),
        json.required("row").intValue(),
        json.required("weight").doubleValue(),
        readMetrics(json.required("metrics")),
        readSummary(json),
        time(json.required("received_at")),
        json.required("updates").intValue(),
        json.path("staleness").asLong(0),
        json.has(SIGNATURE) ? Json.text(json.required(SIGNATURE)) : null,
        json.has(LOCAL_RATE)
            ? new LocalRun(json.required(LOCAL_RATE).doubleValue(), json.has(CONTROL))
            : null);
  }

  /** What was noted of an update's vector, with how it came where that is told. */
  public static VectorSummary readSummary(JsonNode json) {
    JsonNode encoding = json.path(ENCODING);
    JsonNode bytes = json.path(BYTES);
    return new VectorSummary(
        Json.text(json.required("digest")),
        json.required("norm").doubleValue(),
        new Transfer(
            encoding.isString() ? encoding.stringValue() : null,
            json.path(LEFT_OUT).asInt(0),
            bytes.isNumber() ? (Long) bytes.longValue() : null));
  }

  private static ObjectNode add(ObjectNode json, Transfer transfer) {
    return json.put(ENCODING, transfer.encoding())
        .put(LEFT_OUT, transfer.leftOut())
        .put(BYTES, transfer.bytes());
  }

  /** Adds the local rate of an update of a model with SCAFFOLD. */
  private static ObjectNode add(ObjectNode json, @Nullable LocalRun local) {
    return local == null ? json : json.put(LOCAL_RATE, local.rate());
  }

  /** Adds how an update came, as far as that is known. */
  public static ObjectNode addKnown(ObjectNode json, Transfer transfer) {
    return transfer.equals(Transfer.UNKNOWN) ? json : add(json, transfer);
  }

  private static ObjectNode client(Decision.Accepted accepted, boolean showsNorm) {
    return Json.object()
        .put("client", accepted.client())
        .put("weight", accepted.weight())
        .put("norm", showsNorm ? accepted.summary().norm() : null)
        .put("received_at", time(accepted.receivedAt()))
        .put("digest", accepted.summary().digest());
  }

  /** An update that is in a round, as its record shows it. */
  public static ObjectNode client(ModelSpec spec, long round, Decision.Accepted update) {
    RoundPolicy policy = spec.round();
    ObjectNode json = add(client(update, spec.showsNorms()), update.summary().transfer());
    add(json, update.local());
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

  /** Metrics by name. */
  public static ObjectNode metrics(Map<String, Double> metrics) {
    ObjectNode json = Json.object();
    metrics.forEach(json::put);
    return json;
  }

  /** A client's report on a version. */
  public static ObjectNode report(String client, UpdateMetadata report) {
    ObjectNode json = Json.object().put("client", client).put("weight", report.weight());
    json.set("metrics", metrics(report.metrics()));
    return json;
  }

  /** A report that {@link #report} wrote. */
  public static UpdateMetadata readReport(JsonNode json) {
    return new UpdateMetadata(
        json.required("weight").doubleValue(), readMetrics(json.required("metrics")), null);
  }

  private static SortedMap<String, Double> readMetrics(JsonNode json) {
    var metrics = new TreeMap<String, Double>();
    json.properties().forEach(entry -> metrics.put(entry.getKey(), entry.getValue().doubleValue()));
    return metrics;
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
    add(json, update.summary().transfer());
    add(json, update.local());
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
    ended.clients().forEach(update -> clients.add(accepted(update)));
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
    json.set("metrics", metrics(ended.metrics()));
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
      all.set("metrics", metrics(reports.metrics()));
    }
    if (ended.spec().protection() instanceof DifferentialPrivacy privacy) {
      json.putObject("privacy")
          .put("noise_multiplier", privacy.noiseMultiplier())
          .put("participation", privacy.share(ended.participation()))
          .put("clip_norm", privacy.clipNorm())
          .put("epsilon", ended.epsilon())
          .put("delta", privacy.delta());
    }
    json.put("opened_at", time(ended.openedAt()));
    json.put("closed_at", closed == null ? null : time(closed.at()));
    json.put("ended_at", time(ended.endedAt()));
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
    json.required("clients").forEach(node -> clients.add(readAccepted(node).with(names)));
    JsonNode closedBy = json.required("closed_by");
    ModelSpec spec = SpecCodec.read((ObjectNode) json.required("spec"));
    JsonNode participation = json.get("participation"); // absent before it could be doubled
    Decision.Closed closed =
        closedBy.isNull()
            ? null
            : new Decision.Closed(
                Words.constant(Decision.Cause.class, closedBy), time(json.required("closed_at")));
    return new RoundRecord(
        json.required("round").longValue(),
        Words.constant(RoundRecord.Outcome.class, json.required("outcome")),
        Json.text(json.required("base")),
        spec,
        participation == null ? spec.round().participation() : participation.doubleValue(),
        time(json.required("opened_at")),
        closed,
        time(json.required("ended_at")),
        clients,
        number(json.get("gradient_norm")),
        number(json.get("step_norm")),
        reports(json.get("reports")),
        closed == null || json.path("why").isNull() || !json.has("why")
            ? null
            : StageCodec.readWhy(json.required("why"), closed),
        number(json.path("privacy").get("epsilon")),
        StageCodec.readMasked(json, readMetrics(json.required("metrics"))));
  }

  private static @Nullable Reported reports(@Nullable JsonNode json) {
    return json == null
        ? null
        : new Reported(json.required("count").intValue(), readMetrics(json.required("metrics")));
  }

  private static @Nullable Double number(@Nullable JsonNode node) {
    return node == null || node.isNull() ? null : node.doubleValue();
  }
}
