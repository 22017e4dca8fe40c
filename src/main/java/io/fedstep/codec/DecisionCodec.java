package io.fedstep.codec;

import io.fedstep.round.Decision;
import io.fedstep.round.LocalRun;
import io.fedstep.round.NoiseKey;
import io.fedstep.round.Transfer;
import io.fedstep.round.VectorSummary;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Decisions of rounds as JSON, in the journal and on the wire. */
public final class DecisionCodec {
  private static final String NOISE_KEY = "noise_key";
  private static final String ENCODING = "encoding";
  private static final String LEFT_OUT = "left_out";
  private static final String BYTES = "bytes";
  private static final String SIGNATURE = "signature";
  private static final String LOCAL_RATE = "local_rate";
  private static final String CONTROL = "control";
  private static final String LOST = "lost";

  private DecisionCodec() {}

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
  public static Decision read(JsonNode json) {
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
        .put("at", Words.time(passed.at()));
  }

  /** A passed deadline, as its decision's entry has it. */
  public static Decision.Passed readPassed(JsonNode json) {
    return new Decision.Passed(
        json.required("policy").longValue(),
        json.required("times").intValue(),
        Words.time(json.required("at")));
  }

  private static ObjectNode closed(Decision.Closed closed) {
    ObjectNode json =
        Json.object().put("by", Words.label(closed.by(), '_')).put("at", Words.time(closed.at()));
    NoiseKey key = closed.noiseKey();
    return key == null ? json : json.put(NOISE_KEY, key.hex());
  }

  private static Decision.Closed readClosed(JsonNode json) {
    JsonNode key = json.get(NOISE_KEY);
    return new Decision.Closed(
        Words.constant(Decision.Cause.class, json.required("by")),
        Words.time(json.required("at")),
        key == null ? null : new NoiseKey(Json.text(key)));
  }

  /** An update, all that the journal has of it. */
  static ObjectNode accepted(Decision.Accepted accepted) {
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

  /** An update that {@link #accepted} wrote. */
  static Decision.Accepted readAccepted(JsonNode json) {
    return new Decision.Accepted(
        Json.text(json.required("client")),
        json.required("row").intValue(),
        json.required("weight").doubleValue(),
        readMetrics(json.required("metrics")),
        readSummary(json),
        Words.time(json.required("received_at")),
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

  /** Adds how an update came, or nulls. */
  static ObjectNode add(ObjectNode json, Transfer transfer) {
    return json.put(ENCODING, transfer.encoding())
        .put(LEFT_OUT, transfer.leftOut())
        .put(BYTES, transfer.bytes());
  }

  /** Adds the local rate of an update of a model with SCAFFOLD. */
  static ObjectNode add(ObjectNode json, @Nullable LocalRun local) {
    return local == null ? json : json.put(LOCAL_RATE, local.rate());
  }

  /** Adds how an update came, as far as that is known. */
  public static ObjectNode addKnown(ObjectNode json, Transfer transfer) {
    return transfer.equals(Transfer.UNKNOWN) ? json : add(json, transfer);
  }

  /** What a journal and a record have of an update. */
  static ObjectNode client(Decision.Accepted accepted, boolean showsNorm) {
    return Json.object()
        .put("client", accepted.client())
        .put("weight", accepted.weight())
        .put("norm", showsNorm ? accepted.summary().norm() : null)
        .put("received_at", Words.time(accepted.receivedAt()))
        .put("digest", accepted.summary().digest());
  }

  /** Metrics by name. */
  public static ObjectNode metrics(Map<String, Double> metrics) {
    ObjectNode json = Json.object();
    metrics.forEach(json::put);
    return json;
  }

  /** Metrics that {@link #metrics} wrote. */
  public static SortedMap<String, Double> readMetrics(JsonNode json) {
    var metrics = new TreeMap<String, Double>();
    json.properties().forEach(entry -> metrics.put(entry.getKey(), entry.getValue().doubleValue()));
    return metrics;
  }
}
