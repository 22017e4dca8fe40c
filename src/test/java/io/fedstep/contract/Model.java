package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;

/** A model on a server, under a name that no other test has. */
record Model(Http http, String name) {
  private static final AtomicInteger NAMES = new AtomicInteger();

  /** Three values, a step that subtracts the mean as it is, one update a round. */
  static final String PLAIN =
      """
      {"tensors": {"w": [3]}, "optimizer": {"lrate": 1.0, "modules": []}}\
      """;

  /** As {@link #PLAIN}, with rounds of {@code min} to {@code max} updates. */
  static String plain(int min, int max) {
    return """
    {"tensors": {"w": [3]}, "optimizer": {"lrate": 1.0, "modules": []},
     "round": {"min_updates": %s, "max_updates": %s}}\
    """
        .formatted(min, max);
  }

  /** One that does not exist yet. */
  static Model unborn() {
    return new Model(Server.shared().http(), "model-" + NAMES.incrementAndGet());
  }

  static Model create(String spec) {
    return create(Server.shared().http(), spec);
  }

  static Model create(Http http, String spec) {
    var model = new Model(http, "model-" + NAMES.incrementAndGet());
    model.putJson("", spec).is(201);
    return model;
  }

  /** The path of something that belongs to this model, for example {@code /weights}. */
  String path(String rest) {
    return "/v1/models/" + name + rest;
  }

  Reply get(String rest, String... headers) {
    return http.get(path(rest), headers);
  }

  Reply post(String rest) {
    return http.post(path(rest));
  }

  Reply putJson(String rest, String json) {
    return http.putJson(path(rest), json);
  }

  Reply putOctets(String rest, byte[] body) {
    return http.putOctets(path(rest), body);
  }

  /** The model's own document. */
  JsonNode json() {
    return get("").is(200).json();
  }

  /** A member of the model's own document. */
  JsonNode json(String member) {
    return json().path(member);
  }

  /** The octet-stream tag of the newest weights. */
  String base() {
    return json("base").asString();
  }

  /** The newest weights, flat. */
  byte[] weights() {
    return get("/weights").is(200).body();
  }

  JsonNode current() {
    return get("/rounds/current").is(200).json();
  }

  static String update(long round, String client) {
    return "/rounds/" + round + "/updates/" + client;
  }

  /** Submits a JSON body. */
  Reply submit(long round, String client, String json) {
    return putJson(update(round, client), json);
  }

  /** Runs the open round of one update with that gradient. */
  void advance(String gradient) {
    long round = current().path("round").asLong();
    submit(round, "solo", "{\"gradient\": %s}".formatted(gradient)).is(201);
    awaitVersion(round + 1);
  }

  /** Waits until a version exists. */
  void awaitVersion(long version) {
    JsonNode current = get("/rounds/current?after=" + (version - 1) + "&wait=30s").is(200).json();
    assertThat(current.path("round").asLong()).isGreaterThanOrEqualTo(version);
  }
}
