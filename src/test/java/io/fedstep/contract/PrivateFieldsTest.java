package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.secure.Roster;
import io.fedstep.security.Token;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * All that a client can read of a private model: a new member, or a new address, has to be thought
 * about, and then written here.
 */
class PrivateFieldsTest {
  private static final String MEMBER = SecureTest.FOUR.getFirst();

  private static final String SPEC =
      """
      {"tensors": {"w": [3]}, "optimizer": {"lrate": 1.0, "modules": []},
       "aggregator": ["averaging", {"steps_weighted": false}], "round": {"min_updates": 2},
       "privacy": {"clip_norm": 1, "noise_multiplier": 2, "epsilon": 9, "delta": 1e-5}}\
      """;

  /** Draws all clients but one in a million. */
  private static final String SAMPLED =
      SPEC.replace(
              "\"min_updates\": 2",
              "\"participation\": 0.999999, \"timeout\": \"1d\", \"max_updates\": 20")
          .replace("\"clip_norm\": 1", "\"clip_norm\": 1, \"expected_updates\": 10");

  private static final String FIELDS =
      """
      /v1/models/{model}
        aggregator base created_at deadline dtype layout metadata model opened_at optimizer
        parameters phase privacy round tensors updates version weights
        privacy: adaptive_clip clip_norm collusion delta epsilon noise_multiplier where
      /v1/models/{model}/control
        control-not-found
      /v1/models/{model}/privacy
        budget by clip_norm delta epsilon rounds rounds_left
      /v1/models/{model}/rounds/current
        base deadline failed max_updates min_updates model opened_at participation phase
        round updates
      /v1/models/{model}/rounds/{round}/roster
        not-found
      /v1/models/{model}/rounds/{round}/shares/{client}
        not-found
      /v1/models/{model}/rounds/{round}/unmasking/{client}
        not-found
      /v1/models/{model}/rounds/{round}/updates/{client}
        bytes client digest encoding left_out model round updates weight
      /v1/models/{model}/tags
        tags
      /v1/models/{model}/versions/{version}/control
        control-not-found
      /v1/models/{model}/versions/{version}/gradient
        octets
      /v1/models/{model}/versions/{version}/weights
        octets
      /v1/models/{model}/weights
        octets
      """;

  /** What a member reads while the sum of a secure round with noise is opened. */
  private static final String FIELDS_OF_A_MEMBER =
      """
      /v1/models/{model}/rounds/current
        base deadline failed max_updates members min_updates model opened_at participation phase
        revealed round shared threshold updates
      /v1/models/{model}/rounds/{round}/roster
        base digest fraction_bits members round threshold
        members: client identity index mask_key share_key signature
      /v1/models/{model}/rounds/{round}/shares/{client}
        shares
      /v1/models/{model}/rounds/{round}/unmasking/{client}
        missing online signatures
      /v1/models/{model}/rounds/{round}/updates/{client}
        bytes client digest encoding left_out model round updates weight
      """;

  /** What it reads once the round is over, and with it the budget of all who took part. */
  private static final String FIELDS_AFTER_A_SECURE_ROUND =
      """
      /v1/models/{model}
        aggregator base created_at deadline dtype layout metadata model opened_at
        optimizer parameters phase privacy round secure tensors updates version weights
        secure: bits fraction_bits identities join_timeout share_timeout threshold
        unmask_timeout
        privacy: adaptive_clip clip_norm collusion delta epsilon noise_multiplier where
      /v1/models/{model}/control
        control-not-found
      /v1/models/{model}/privacy
        budget by clip_norm delta epsilon rounds rounds_left
      /v1/models/{model}/rounds/current
        base deadline failed max_updates members min_updates model opened_at participation
        phase reason revealed round shared threshold updates
      /v1/models/{model}/rounds/{round}/roster
        round-closed
      /v1/models/{model}/rounds/{round}/shares/{client}
        round-closed
      /v1/models/{model}/rounds/{round}/unmasking/{client}
        round-closed
      /v1/models/{model}/rounds/{round}/updates/{client}
        bytes client digest encoding left_out model round updates weight
      /v1/models/{model}/tags
        tags
      /v1/models/{model}/versions/{version}/control
        control-not-found
      /v1/models/{model}/versions/{version}/gradient
        octets
      /v1/models/{model}/versions/{version}/weights
        octets
      /v1/models/{model}/weights
        octets
      """;

  private static Server start(Path data) {
    var properties = new ArrayList<String>();
    for (String id : new String[] {"client", MEMBER, "admin"}) {
      String key = "fedstep.security.tokens[%s].".formatted(properties.size() / 4);
      properties.add(key + "id=" + id);
      properties.add(key + "sha256=" + Token.sha256(id));
      properties.add(key + "role=" + (id.equals("admin") ? id : "client"));
      properties.add(key + "models=*");
    }
    return Server.start(data, properties.toArray(String[]::new));
  }

  @Test
  void fields_areThoseThatWereThoughtAbout(@TempDir Path data) {
    try (Server server = start(data)) {
      Http admin = server.http().as("admin");
      Model model = Model.create(admin, SPEC);
      for (String client : new String[] {"client", "other"}) {
        model.submit(0, client, "{\"gradient\": [1, 2, 3]}").is(201);
      }
      model.awaitVersion(1);
      assertThat(found(model, "client", "")).isEqualToNormalizingWhitespace(FIELDS);
    }
  }

  @Test
  void fieldsOfASecureModel_areThoseThatWereThoughtAbout(@TempDir Path data) {
    try (Server server = start(data)) {
      Model model = Model.create(server.http().as("admin"), SecureTest.NOISY);
      List<String> online = SecureTest.FOUR.subList(0, 3);
      Roster roster = SecureTest.noisyUpdates(model, online);
      assertThat(found(model, MEMBER, "/rounds/"))
          .isEqualToNormalizingWhitespace(FIELDS_OF_A_MEMBER);
      online.forEach(client -> SecureTest.send(model, roster, 3, client).is(201));
      model.awaitVersion(1);
      assertThat(found(model, MEMBER, ""))
          .isEqualToNormalizingWhitespace(FIELDS_AFTER_A_SECURE_ROUND);
    }
  }

  /** What a client finds in each GET of a model whose address has some part. */
  private static String found(Model model, String client, String part) {
    var found = new StringBuilder();
    Http http = model.http().as(client);
    JsonNode paths = model.http().get("/v3/api-docs").is(200).json().path("paths");
    for (String path : new TreeSet<>(paths.propertyNames())) {
      if (path.contains("{model}") && path.contains(part) && paths.path(path).has("get")) {
        Reply reply = http.get(filled(path, model.name(), client));
        if (reply.status() == 404 || reply.status() == 410) { // of another kind, or over
          String code = reply.problem().path("code").asString();
          found.append(path).append("\n  ").append(code).append('\n');
        } else if (reply.status() != 403) {
          found.append(path).append('\n').append(fields(path, reply.is(200)));
        }
      }
    }
    return found.toString();
  }

  @Test
  void clientsDrawnByChance_areToldNothingOfOthers(@TempDir Path data) {
    try (Server server = start(data)) {
      Http admin = server.http().as("admin");
      Http client = server.http().as("client");
      Model model = Model.create(admin, SAMPLED);
      model.submit(0, "other", "{\"gradient\": [1, 2, 3]}").is(201);
      JsonNode receipt =
          client
              .putJson(model.path("/rounds/0/updates/client"), "{\"gradient\": [1, 2, 3]}")
              .is(201)
              .json();
      List<JsonNode> told =
          List.of(
              receipt,
              client.get(model.path("/rounds/0/updates/client")).is(200).json(),
              client.get(model.path("")).is(200).json(),
              client.get("/v1/models").is(200).json().path("models").get(0),
              client.get(model.path("/rounds/current")).is(200).json(),
              client.get(model.path("/rounds/current?client=client")).is(200).json());
      assertThat(told).allMatch(answer -> answer.path("updates").isNull());
      assertThat(told.getLast().path("invited").asBoolean()).isTrue();
      assertThat(told.getLast().path("failed").isNull()).isTrue();
      client.get(model.path("/rounds/current?client=other")).problem(403, "forbidden");
      client.get(model.path("/rounds/0/updates/other")).problem(403, "forbidden");
      client.get(model.path("/events")).problem(403, "forbidden");
      assertThat(model.current().path("updates").asInt()).isEqualTo(2);
      admin.get(model.path("/rounds/current?client=other")).is(200);
      model.post("/rounds/current/close").is(200);
      client.get(model.path("/rounds/0")).problem(403, "forbidden");
      client.get(model.path("/rounds")).problem(403, "forbidden");
    }
  }

  private static String filled(String path, String model, String client) {
    String filled = path;
    for (var value :
        Map.of("model", model, "round", "0", "version", "1", "client", client).entrySet()) {
      filled = filled.replace("{" + value.getKey() + "}", value.getValue());
    }
    return filled;
  }

  private static String fields(String path, Reply reply) {
    return "  "
        + (path.endsWith("weights") || path.endsWith("gradient")
            ? "octets"
            : String.join("\n  ", fields(reply.json())))
        + "\n";
  }

  /** The names of a document's fields; those of what is secure, too, and of its members. */
  private static List<String> fields(JsonNode json) {
    var lines =
        new ArrayList<String>(List.of(String.join(" ", new TreeSet<>(json.propertyNames()))));
    for (String inner : new String[] {"secure", "privacy"}) {
      if (json.path(inner).isObject()) {
        lines.add(inner + ": " + String.join(" ", new TreeSet<>(json.path(inner).propertyNames())));
      }
    }
    if (json.path("members").isArray()) {
      lines.add(
          "members: "
              + String.join(" ", new TreeSet<>(json.path("members").path(0).propertyNames())));
    }
    return lines;
  }
}
