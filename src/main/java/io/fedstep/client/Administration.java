package io.fedstep.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What an administrator does with a model. Documents are JSON as the server's reference has them;
 * where nothing else is said, answers describe the model. Every request but {@link #closeRound} is
 * safe to repeat, and is repeated where its answer is lost.
 */
public final class Administration {
  private static final String JSON = "application/json";

  private final Exchange exchange;
  private final RemoteModel model;
  private final String path;

  private Administration(RemoteModel model) {
    this.model = model;
    exchange = model.exchange();
    path = model.path();
  }

  /** That of a model, whether it exists or not. */
  public static Administration of(RemoteModel model) {
    return new Administration(model);
  }

  // That there is a model

  /**
   * Creates a model with these weights as version 0 (the flat vector, little-endian), before which
   * nobody can train. One that exists with the same tensors, dtype and version 0 is as good, and
   * what else differs is logged.
   *
   * @throws RefusedByServer {@code already-started} if its version 0 is another
   */
  public JsonNode create(String spec, byte[] weights) throws IOException, InterruptedException {
    model.create(object(spec).put("weights", "required").toString());
    try {
      model.setWeights(weights);
    } catch (RefusedByServer e) {
      if (!e.code().matches("already-started|training-stopped") || !beginsWith(weights)) {
        throw e;
      }
    }
    return model.describe();
  }

  private static ObjectNode object(String spec) {
    if (JsonMapper.shared().readTree(spec) instanceof ObjectNode document) {
      return document;
    }
    throw new IllegalArgumentException("a spec is an object of JSON");
  }

  /** Whether these are the weights of version 0, or nobody can tell any more. */
  private boolean beginsWith(byte[] weights) throws IOException, InterruptedException {
    try {
      return Arrays.equals(model.version(0).bytes(), weights);
    } catch (RefusedByServer e) {
      if (!e.code().equals("version-not-found")) {
        throw e;
      }
      return true;
    }
  }

  /**
   * Creates it from a version of another model, whose spec, metadata, weights and optimizer state
   * it takes.
   *
   * @param version a number or a tag; {@code newest} is one
   * @param other keys of the spec that replace the other model's, such as {@code {"round": …}};
   *     <code>{}</code> for none
   * @throws RefusedByServer {@code model-exists} if there is one that was made otherwise, {@code
   *     model-not-found} or {@code version-not-found} of what is to be copied
   */
  public JsonNode copy(String source, String version, String other)
      throws IOException, InterruptedException {
    ObjectNode document = object(other);
    ObjectNode from = document.putObject("from").put("model", source);
    if (version.matches("\\d{1,18}")) {
      from.put("version", Long.parseLong(version));
    } else {
      from.put("version", version);
    }
    return model.put(document.toString());
  }

  /** Removes it and all it stored; none there is as good. For a while it can be had back. */
  public void delete() throws IOException, InterruptedException {
    gone(path, "model-not-found");
  }

  /**
   * Brings a removed model back as it was.
   *
   * @throws RefusedByServer {@code model-exists} if there is one, which after a lost answer may be
   *     this
   */
  public JsonNode undelete() throws IOException, InterruptedException {
    return exchange.json(exchange.post(path + "/undelete"));
  }

  // Training

  /** Ends training, until {@link #start}. */
  public JsonNode stop() throws IOException, InterruptedException {
    return exchange.json(exchange.post(path + "/stop"));
  }

  /** Resumes training. */
  public JsonNode start() throws IOException, InterruptedException {
    return exchange.json(exchange.post(path + "/start"));
  }

  /**
   * Closes the open round now; its record.
   *
   * @throws IOException also if the answer is lost, for a repeat might close the next round
   */
  public JsonNode closeRound() throws IOException, InterruptedException {
    return exchange.once(exchange.post(path + "/rounds/current/close"));
  }

  /**
   * Makes a new version with the content of an earlier one, if {@code newest} is the newest until
   * then; the open round is discarded. After a lost answer {@code version-differs} may mean that it
   * was done.
   *
   * @param version a number or a tag
   * @return model, version and base
   */
  public JsonNode restore(String version, long newest) throws IOException, InterruptedException {
    return exchange.json(
        exchange.post(
            "%s/versions/%s/restore?newest=%s".formatted(path, Exchange.text(version), newest)));
  }

  /**
   * Restores an optimizer's state: a new version, if {@code newest} is the newest until then. After
   * a lost answer {@code version-differs} may mean that it was done.
   *
   * @return model, version and base
   */
  public JsonNode restoreOptimizerState(byte[] state, long newest)
      throws IOException, InterruptedException {
    return exchange.json(exchange.put(path + "/optimizer/state?newest=" + newest, JSON, state));
  }

  /** The clients that told that they send nothing for a round: client, error, detail, at. */
  public List<JsonNode> failures(long round) throws IOException, InterruptedException {
    String address = "%s/rounds/%s/failures".formatted(path, round);
    return exchange.json(exchange.get(address)).required("failures").valueStream().toList();
  }

  // Settings

  /** Replaces the round policy at once. */
  public JsonNode setRound(String policy) throws IOException, InterruptedException {
    return put("/round", policy);
  }

  /** Takes other hyper-parameters for the same modules, from the next round's close on. */
  public JsonNode setOptimizer(String config) throws IOException, InterruptedException {
    return put("/optimizer", config);
  }

  /** Takes another rule of aggregation, such as {@code "median"} in quotes. */
  public JsonNode setAggregator(String aggregator) throws IOException, InterruptedException {
    return put("/aggregator", aggregator);
  }

  /** Takes another bound on updates; null ends it. */
  public JsonNode setUpdateBound(@Nullable String bound) throws IOException, InterruptedException {
    return put("/update-bound", bound == null ? "null" : bound);
  }

  /** Lets the tag {@code best} follow reports; null leaves it where it is. */
  public JsonNode setKeepBest(@Nullable String rule) throws IOException, InterruptedException {
    return put("/keep-best", rule == null ? "null" : rule);
  }

  /** Replaces what people and local steps want to know of the model. */
  public JsonNode setMetadata(String metadata) throws IOException, InterruptedException {
    return put("/metadata", metadata);
  }

  // Names of versions

  /** The tags by name, each with its version. */
  public SequencedMap<String, Long> tags() throws IOException, InterruptedException {
    var tags = new TreeMap<String, Long>();
    for (JsonNode tag : exchange.json(exchange.get(path + "/tags")).required("tags")) {
      tags.put(tag.required("tag").asString(), tag.required("version").asLong());
    }
    return tags;
  }

  /**
   * Gives a version a name, which keeps it; takes the name from the version that had it.
   *
   * @return tag, version and base
   */
  public JsonNode tag(String tag, long version) throws IOException, InterruptedException {
    return put("/tags/" + Exchange.text(tag), "{\"version\": %s}".formatted(version));
  }

  /** Takes a name away; none there is as good. */
  public void untag(String tag) throws IOException, InterruptedException {
    gone(path + "/tags/" + Exchange.text(tag), "tag-not-found");
  }

  private JsonNode put(String below, String document) throws IOException, InterruptedException {
    return exchange.json(exchange.put(path + below, JSON, document.getBytes(UTF_8)));
  }

  private void gone(String address, String already) throws IOException, InterruptedException {
    try {
      exchange.send(exchange.delete(address));
    } catch (RefusedByServer e) {
      if (!e.code().equals(already)) {
        throw e;
      }
    }
  }
}
