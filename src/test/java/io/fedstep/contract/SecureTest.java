package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.secure.Base64Url;
import io.fedstep.secure.Join;
import io.fedstep.secure.Member;
import io.fedstep.secure.MemberNoise;
import io.fedstep.secure.Revealed;
import io.fedstep.secure.Roster;
import io.fedstep.secure.RoundFacts;
import io.fedstep.secure.Shared;
import io.fedstep.secure.TestMember;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Secure models through HTTP: what they refuse and in which order, what members are given when. */
@OneMachine("several machines refuse secure models")
class SecureTest {
  private static final String MASKED = "Content-Type: application/vnd.fedstep.masked";
  static final List<String> FOUR = List.of("ann", "ben", "cem", "dua");
  private static final int LENGTH = 3 * 8 + 8 + 2 * 8;

  private static String spec(String secure) {
    return """
    {"tensors": {"w": [3]}, "optimizer": {"lrate": 1.0, "modules": []},
     "round": {"min_updates": 3, "max_updates": 4, "timeout": "1h"}, "secure": %s}\
    """
        .formatted(secure);
  }

  /** A model of rounds of {@link #FOUR}, whose stages have all the time that they want. */
  static final String SPEC =
      spec(
          "{\"clip\": 4, \"threshold\": 0.5, \"join_timeout\": \"1h\", \"share_timeout\": \"1h\","
              + " \"unmask_timeout\": \"1h\"}");

  private static Model create() {
    return Model.create(SPEC);
  }

  // --- members

  static TestMember member(Model model, String client) {
    return new TestMember(client, model.base(), 1);
  }

  /** The same of a round whose roster is known. */
  static TestMember member(Roster roster, String client) {
    return new TestMember(client, roster.facts().base(), 1);
  }

  /** What a member joins with. */
  static String body(Join join) {
    return """
    {"mask_key": "%s", "share_key": "%s", "base": "%s", "identity": %s, "signature": %s}\
    """
        .formatted(
            Base64Url.text(join.maskKey()),
            Base64Url.text(join.shareKey()),
            join.base(),
            quoted(join.identity()),
            quoted(join.signature()));
  }

  private static String quoted(byte @Nullable [] bytes) {
    return bytes == null ? "null" : "\"" + Base64Url.text(bytes) + "\"";
  }

  private static Reply join(Model model, String client) {
    return model.putJson("/rounds/0/members/" + client, body(member(model, client).join()));
  }

  static Roster roster(Model model) {
    JsonNode shown = model.get("/rounds/0/roster").is(200).json();
    var joins = new TreeMap<String, Join>();
    for (JsonNode one : shown.path("members")) {
      joins.put(
          one.path("client").asString(),
          new Join(
              bytes(one.path("mask_key")),
              bytes(one.path("share_key")),
              shown.path("base").asString(),
              null,
              null));
    }
    JsonNode secure = model.json("secure");
    JsonNode privacy = model.json("privacy");
    boolean isNoisy = privacy.isObject();
    var facts =
        new RoundFacts(
            model.name(),
            0,
            shown.path("base").asString(),
            model.json("parameters").asInt(),
            sha256(model.weights()),
            64,
            secure.path("fraction_bits").asInt(),
            isNoisy ? privacy.path("clip_norm").asDouble() : secure.path("clip").asDouble(),
            isNoisy ? 1 : secure.path("max_weight").asLong(),
            List.of(),
            3,
            isNoisy
                ? new MemberNoise(
                    privacy.path("noise_multiplier").asDouble(), privacy.path("collusion").asInt())
                : null);
    var roster = new Roster(facts, shown.path("threshold").asInt(), joins);
    assertThat(shown.path("digest").asString()).isEqualTo(roster.digest());
    return roster;
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] bytes(JsonNode text) {
    return Objects.requireNonNull(Base64Url.bytes(text.asString()));
  }

  private static String body(Shared shared, Roster roster) {
    List<String> sealed = new ArrayList<>();
    for (Member member : roster.members()) {
      sealed.add(quoted(shared.sealed().get(member.index())));
    }
    return "{\"commitment\": %s, \"shares\": %s}".formatted(quoted(shared.commitment()), sealed);
  }

  private static String shares(Roster roster, String client) {
    return "/rounds/0/shares/" + client + "?roster=" + roster.digest();
  }

  private static Reply share(Model model, Roster roster, String client) {
    return model.putJson(
        shares(roster, client), body(member(roster, client).share(roster), roster));
  }

  private static String updates(Roster roster, String client) {
    return "/rounds/0/updates/" + client + "?roster=" + roster.digest();
  }

  private static byte[] words(Roster roster, String client) {
    return member(roster, client).update(roster, FOUR, new double[] {1, -2, 0.5}, 2);
  }

  private static Reply update(Model model, Roster roster, String client) {
    return update(model, roster, client, words(roster, client));
  }

  static Reply update(Model model, Roster roster, String client, byte[] words) {
    return model.http().put(model.path(updates(roster, client)), words, MASKED);
  }

  private static Reply reveal(Model model, Roster roster, String client) {
    JsonNode asked = model.get("/rounds/0/unmasking/" + client).is(200).json();
    var sealed = new TreeMap<String, byte[]>();
    model
        .get("/rounds/0/shares/" + client)
        .is(200)
        .json()
        .path("shares")
        .properties()
        .forEach(share -> sealed.put(share.getKey(), bytes(share.getValue())));
    Revealed revealed =
        member(roster, client)
            .reveal(roster, sealed, names(asked.path("online")), names(asked.path("missing")));
    return model.putJson(
        "/rounds/0/unmasking/" + client,
        "{\"self\": %s, \"key\": %s}".formatted(json(revealed.self()), json(revealed.key())));
  }

  /** Sends what a member of the first round sends in a stage, by the stage's index. */
  static Reply send(Model model, int stage, String client) {
    return stage == 0 ? join(model, client) : send(model, roster(model), stage, client);
  }

  /** The same behind the first stage, with the roster that is known. */
  static Reply send(Model model, Roster roster, int stage, String client) {
    return switch (stage) {
      case 1 -> share(model, roster, client);
      case 2 -> update(model, roster, client);
      default -> reveal(model, roster, client);
    };
  }

  private static List<String> names(JsonNode array) {
    return array.values().stream().map(JsonNode::asString).toList();
  }

  private static String json(Map<String, byte[]> shares) {
    var json = (ObjectNode) Reply.json("{}");
    shares.forEach((client, share) -> json.put(client, Base64Url.text(share)));
    return json.toString();
  }

  static void end(Model model, String phase) {
    JsonNode current = model.post("/rounds/current/close").is(200).json();
    assertThat(current.path("phase").asString()).isEqualTo(phase);
  }

  /** A model whose four members have joined, and its roster. */
  private static Roster joined(Model model) {
    FOUR.forEach(client -> join(model, client).is(201));
    return roster(model);
  }

  private static Roster shared(Model model) {
    Roster roster = joined(model);
    FOUR.forEach(client -> share(model, roster, client).is(201));
    return roster;
  }

  // --- the spec

  @Test
  void spec_isShownWithItsDefaults() {
    Model model = Model.create(spec("{\"clip\": 8}"));
    assertThat(model.json("secure"))
        .isEqualTo(
            Reply.json(
                """
                {"threshold": 0.667, "clip": 8.0, "bits": 64, "max_weight": 1048576,
                 "metrics": [], "join_timeout": "30s", "share_timeout": "30s",
                 "unmask_timeout": "60s", "identities": "any", "fraction_bits": 37}\
                """));
    model.putJson("", spec("{\"clip\": 8.0, \"bits\": 64}")).is(200);
    model.putJson("", spec("{\"clip\": 8, \"fraction_bits\": 37}")).problem(422, "bad-spec");
    assertThat(Model.create(spec("{\"clip\": 1, \"bits\": 32}")).json("secure").path("max_weight"))
        .isEqualTo(Reply.json("1"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'\"aggregator\": \"median\"' | aggregator",
        "'\"aggregator\": [\"averaging\", {\"steps_weighted\": false}]' | max_weight",
        "'\"update_bound\": {\"max_norm\": 1}' | update_bound",
        "'\"privacy\": {\"clip_norm\": 1, \"noise_multiplier\": 1, \"delta\": 1e-5}' | privacy",
        "'\"round\": {\"min_updates\": 3, \"mode\": \"buffered\", \"timeout\": \"1s\"}' | round.mode",
        "'\"round\": {\"min_updates\": 2, \"max_updates\": 5, \"timeout\": \"1s\"}' | min_updates",
        "'\"round\": {\"min_updates\": 3, \"max_updates\": 256, \"timeout\": \"1s\"}' | max_updates",
        "'\"round\": {\"min_updates\": 3}' | round.timeout",
      })
  void whatItDoesNotGoWith_isRefused_withBothKeys(String other, String key) {
    String round =
        other.contains("\"round\"") ? "" : "\"round\": {\"min_updates\": 3, \"timeout\": \"1s\"},";
    JsonNode problem =
        Model.unborn()
            .putJson(
                "",
                "{\"tensors\": {\"w\": [3]}, %s \"secure\": {\"clip\": 1, \"max_weight\": 2}, %s}"
                    .formatted(round, other))
            .problem(422, "bad-spec");
    assertThat(problem.path("detail").asString()).contains("secure", key);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{} | clip",
        "{\"clip\": 2e6} | clip",
        "{\"clip\": 1, \"threshold\": 1} | threshold",
        "{\"clip\": 1, \"bits\": 16} | bits",
        "{\"clip\": 1, \"max_weight\": 0} | max_weight",
        "{\"clip\": 1, \"metrics\": [\"a\", \"a\"]} | metrics",
        "{\"clip\": 1, \"metrics\": [\"1a\"]} | metrics",
        "{\"clip\": 1, \"share_timeout\": \"0s\"} | share_timeout",
        "{\"clip\": 1, \"identities\": \"some\"} | identities",
        "{\"clip\": 1048576, \"bits\": 32, \"max_weight\": 2} | round.max_updates",
      })
  void valueOutOfRange_isRefused(String secure, String key) {
    JsonNode problem = Model.unborn().putJson("", spec(secure)).problem(422, "bad-spec");
    assertThat(problem.path("detail").asString()).contains(key);
  }

  // --- noise by the clients

  private static final String PRIVACY =
      "{\"clip_norm\": 2, \"noise_multiplier\": 1.2, \"epsilon\": 4, \"delta\": 1e-5,"
          + " \"where\": \"clients\", \"collusion\": 1}";

  private static String noisy(String secure, String privacy, String round) {
    return """
    {"tensors": {"w": [3]}, "optimizer": {"lrate": 1.0, "modules": []},
     "aggregator": ["averaging", {"steps_weighted": false}],
     "round": {"min_updates": 3, "max_updates": 4, "timeout": "1h"%s},
     "secure": %s, "privacy": %s}\
    """
        .formatted(round, secure, privacy);
  }

  @Test
  void noiseByTheClients_isShown_andLeavesOutWhatHasAGridOfItsOwn() {
    String spec = noisy("{\"threshold\": 0.5}", PRIVACY, ", \"participation\": 0.5");
    Model model = Model.create(spec);
    assertThat(model.json("secure"))
        .isEqualTo(
            Reply.json(
                """
                {"threshold": 0.5, "bits": 64, "join_timeout": "30s", "share_timeout": "30s",
                 "unmask_timeout": "60s", "identities": "any", "fraction_bits": 0}\
                """));
    assertThat(model.json("privacy"))
        .isEqualTo(
            Reply.json(
                """
                {"clip_norm": 2.0, "noise_multiplier": 1.2, "epsilon": 4.0, "delta": 1e-5,
                 "adaptive_clip": null, "where": "clients", "collusion": 1}\
                """));
    model.putJson("", spec).is(200);
    model
        .putJson("", spec.replace("\"collusion\": 1", "\"collusion\": 0"))
        .problem(409, "model-exists");
    String policy = "{\"min_updates\": 3, \"max_updates\": 4, \"timeout\": \"1h\"}";
    model.putJson("/round", policy).problem(422, "bad-spec"); // its participation stays
    model.putJson("/round", policy.replace("}", ", \"participation\": 0.5}")).is(200);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"clip\": 1} | {} | secure.clip | privacy.where",
        "{\"max_weight\": 1} | {} | secure.max_weight | privacy.where",
        "{\"metrics\": []} | {} | secure.metrics | privacy.where",
        "{\"bits\": 32} | {} | secure.bits | privacy.where",
        "null | {} | secure | privacy.where",
        "{} | {\"adaptive_clip\": {\"quantile\": 0.5, \"rate\": 0.2}} | privacy.where | adaptive_clip",
        "{} | {\"expected_updates\": 4} | privacy.where | expected_updates",
        "{} | {\"collusion\": 3} | collusion | threshold",
        "{} | {\"collusion\": -1} | collusion | collusion",
        "{\"clip\": 1} | {\"where\": \"server\"} | secure | privacy.where",
        "{} | {\"where\": \"nowhere\"} | privacy.where | clients",
        "{} | {\"noise_multiplier\": 1e7} | noise_multiplier | tensors",
        "{} | {\"epsilon\": 1} | epsilon | noise_multiplier",
      })
  void noiseByTheClients_isRefused_withWhatItDoesNotGoWith(
      String secure, String privacy, String key, String other) {
    var noise = (ObjectNode) Reply.json(PRIVACY);
    noise.put("collusion", 0).setAll((ObjectNode) Reply.json(privacy));
    JsonNode problem =
        Model.unborn().putJson("", noisy(secure, noise.toString(), "")).problem(422, "bad-spec");
    assertThat(problem.path("detail").asString()).contains(key, other);
  }

  /** A model of one round of {@link #FOUR}, who add noise. */
  static final String NOISY =
      noisy(
          "{\"threshold\": 0.5, \"join_timeout\": \"1h\", \"share_timeout\": \"1h\","
              + " \"unmask_timeout\": \"1h\"}",
          PRIVACY,
          "");

  /** Brings a round with noise to where the sum of those who are online is to be opened. */
  static Roster noisyUpdates(Model model, List<String> online) {
    Roster roster = shared(model);
    for (String client : online) {
      TestMember member = member(model, client);
      long[] numbers = member.numbers(roster, new double[] {1, -2, 0.5});
      model
          .http()
          .put(model.path(updates(roster, client)), member.noisy(roster, FOUR, numbers, 0), MASKED)
          .is(201);
    }
    end(model, "unmasking");
    return roster;
  }

  @Test
  void roundWithNoise_isPaidForByThoseWhoAreIn() {
    Model model = Model.create(NOISY);
    assertThat(model.get("/privacy").is(200).json().path("rounds_left").asInt()).isEqualTo(1);
    List<String> online = FOUR.subList(0, 3);
    Roster roster = noisyUpdates(model, online);
    online.forEach(client -> reveal(model, roster, client).is(201));
    model.awaitVersion(1);
    JsonNode plan =
        model
            .http()
            .get("/v1/privacy/epsilon?noise_multiplier=1.2&rounds=1&delta=1e-5")
            .is(200)
            .json();
    JsonNode record = model.get("/rounds/0").is(200).json();
    assertThat(record.path("outcome").asString()).isEqualTo("completed");
    assertThat(record.path("total_weight").asDouble()).isEqualTo(3);
    assertThat(record.path("clipped").asDouble()).isZero();
    assertThat(record.path("privacy").path("epsilon")).isEqualTo(plan.path("epsilon"));
    assertThat(record.path("privacy").path("participation").asDouble()).isEqualTo(1);
    JsonNode spent = model.get("/privacy?client=ann").is(200).json();
    assertThat(spent.path("epsilon")).isEqualTo(plan.path("epsilon"));
    assertThat(spent.path("by").asString()).isEqualTo("gaussian");
    assertThat(spent.path("rounds_left").asInt()).isZero();
    assertThat(spent.path("clip_norm").asDouble()).isEqualTo(2);
    assertThat(model.get("/privacy?client=dua").is(200).json().path("rounds").asInt()).isZero();
    assertThat(model.current().path("phase").asString()).isEqualTo("stopped");
    model
        .putJson("/rounds/1/members/ann", body(member(model, "ann").join()))
        .problem(403, "budget-spent");
    model.post("/start").problem(409, "budget-spent");
  }

  // --- a round

  @Test
  void round_withALostMember_makesAVersion() {
    Model model = create();
    Stream.of("ann", "ben").forEach(client -> join(model, client).is(201));
    model.get("/rounds/0/roster").is(204);
    model.get("/rounds/0/shares/ann").is(204);
    model.post("/rounds/current/close").problem(409, "too-few-updates");
    Roster roster = joinedRest(model);
    model.get("/rounds/0/shares/eve").problem(403, "not-invited");
    FOUR.forEach(client -> share(model, roster, client).is(201));
    FOUR.subList(0, 3).forEach(client -> update(model, roster, client).is(201));
    model.get("/rounds/0/unmasking/ann").is(204);
    end(model, "unmasking");
    JsonNode asked = model.get("/rounds/0/unmasking/ann").is(200).json();
    assertThat(asked)
        .isEqualTo(
            Reply.json(
                "{\"online\": [\"ann\", \"ben\", \"cem\"], \"missing\": [\"dua\"],"
                    + " \"signatures\": null}"));
    JsonNode over = model.get("/rounds/0/unmasking/dua").problem(410, "round-closed");
    assertThat(over.path("current_round").asInt()).isEqualTo(1);
    JsonNode current = model.current();
    assertThat(current.path("members").asInt()).isEqualTo(4);
    assertThat(current.path("shared").asInt()).isEqualTo(4);
    assertThat(current.path("threshold").asInt()).isEqualTo(3);
    FOUR.subList(0, 3).forEach(client -> reveal(model, roster, client).is(201));
    model.awaitVersion(1);
    JsonNode record = model.get("/rounds/0").is(200).json();
    assertThat(record.path("missing")).isEqualTo(Reply.json("[\"dua\"]"));
    assertThat(record.path("total_weight").asDouble()).isEqualTo(6);
    update(model, roster, "ann").is(200);
    model.get("/rounds/0/roster").problem(410, "round-closed");
    model.get("/rounds/2/roster").problem(404, "round-not-found");
  }

  @Test
  void members_areToldByTheLastStageThatEachAnswered() {
    Model model = create();
    assertThat(reached(model)).isEmpty();
    join(model, "ben").is(201);
    assertThat(reached(model)).containsExactly("ben joining");
    join(model, "ann").is(201);
    Roster roster = joinedRest(model);
    FOUR.subList(0, 3).forEach(client -> share(model, roster, client).is(201));
    assertThat(reached(model))
        .containsExactly("ann sharing", "ben sharing", "cem sharing", "dua joining");
    share(model, roster, "dua").is(201);
    FOUR.subList(0, 3).forEach(client -> update(model, roster, client).is(201));
    end(model, "unmasking");
    reveal(model, roster, "ann").is(201);
    assertThat(reached(model))
        .containsExactly("ann unmasking", "ben collecting", "cem collecting", "dua sharing");
    FOUR.subList(1, 3).forEach(client -> reveal(model, roster, client).is(201));
    model.awaitVersion(1);
    model.get("/rounds/0/members").problem(410, "round-closed");
    model.get("/rounds/2/members").problem(404, "round-not-found");
    model.get("/rounds/1/members?wait=1s").problem(400, "malformed");
    Model.create(Model.PLAIN).get("/rounds/0/members").problem(404, "not-found");
    Scrape scrape = Scrape.of(model.http());
    for (String stage : List.of("joining", "sharing", "collecting", "unmasking")) {
      String sample =
          "fedstep_round_stage_seconds_count{model=\"%s\",stage=\"%s\"}"
              .formatted(model.name(), stage);
      assertThat(scrape.value(sample)).as(stage).isEqualTo(1);
    }
  }

  private static List<String> reached(Model model) {
    JsonNode shown = model.get("/rounds/0/members").is(200).json();
    return shown
        .path("members")
        .valueStream()
        .map(one -> one.path("client").asString() + " " + one.path("stage").asString())
        .toList();
  }

  private static Roster joinedRest(Model model) {
    FOUR.subList(2, 4).forEach(client -> join(model, client).is(201));
    return roster(model);
  }

  @Test
  void wait_isOver_whenItsStageIs() {
    Model model = create();
    var waiting = model.http().getLater(model.path("/rounds/0/roster?wait=30s"));
    Roster roster = joined(model);
    assertThat(waiting.join().is(200).json().path("digest").asString()).isEqualTo(roster.digest());
    var forShares = model.http().getLater(model.path("/rounds/0/shares/ann?wait=30s"));
    var forAnswer = model.http().getLater(model.path("/rounds/0/unmasking/ann?wait=30s"));
    FOUR.forEach(client -> share(model, roster, client).is(201));
    assertThat(forShares.join().is(200).json().path("shares").size()).isEqualTo(3);
    FOUR.forEach(client -> update(model, roster, client).is(201));
    assertThat(forAnswer.join().is(200).json().path("online").size()).isEqualTo(4);
  }

  @Test
  void messages_areRefused_inTheContractsOrder() {
    Model model = create();
    String malformed = "{}";
    model.putJson("/rounds/1/members/ann", malformed).problem(409, "round-not-open");
    model.putJson("/rounds/0/shares/ann?roster=x", malformed).problem(409, "round-not-open");
    model.putJson("/rounds/0/unmasking/ann", malformed).problem(409, "round-not-open");
    Roster roster = joined(model);
    model.putJson("/rounds/0/members/eve", malformed).problem(410, "round-closed");
    model.putJson("/rounds/0/shares/eve?roster=x", malformed).problem(403, "not-invited");
    model.putJson("/rounds/0/shares/ann?roster=x", malformed).problem(409, "roster-differs");
    model.putJson("/rounds/0/shares/ann", malformed).problem(400, "malformed");
    model.putJson(shares(roster, "ann"), malformed).problem(400, "malformed");
    String right = body(member(model, "ann").share(roster), roster);
    model
        .putJson(shares(roster, "ann"), right.replace("null", "\"AA\""))
        .problem(422, "wrong-length");
    model
        .putJson(shares(roster, "ann"), right.replaceFirst("\\[null, ", "["))
        .problem(422, "wrong-length");
    assertThat(share(model, roster, "ann").is(201).json().path("shared").asInt()).isEqualTo(1);
    FOUR.subList(1, 3).forEach(client -> share(model, roster, client).is(201));
    assertThat(share(model, roster, "ann").is(200).json().path("shared").asInt()).isEqualTo(1);
    model
        .putJson(shares(roster, "ann"), body(member(model, "ben").share(roster), roster))
        .problem(409, "update-differs");
    end(model, "collecting");
    share(model, roster, "ann").is(200);
    share(model, roster, "dua").problem(410, "round-closed");
    model.putOctets(updates(roster, "dua"), new byte[LENGTH]).problem(410, "round-closed");
    model.putOctets(updates(roster, "eve"), new byte[LENGTH]).problem(403, "not-invited");
    model.putOctets("/rounds/0/updates/ann?roster=x", new byte[1]).problem(409, "roster-differs");
    model.putOctets(updates(roster, "ann"), new byte[LENGTH]).problem(415, "unsupported-format");
    assertThat(put(model, updates(roster, "ann") + "&weight=2", LENGTH).problem(400, "malformed"))
        .isNotNull();
    put(model, updates(roster, "ann"), LENGTH - 8).problem(422, "wrong-length");
    put(model, updates(roster, "ann"), LENGTH + 8).problem(422, "wrong-length");
    update(model, roster, "ann").is(201);
    update(model, roster, "ann").is(200);
    put(model, updates(roster, "ann"), LENGTH).problem(409, "update-differs");
  }

  private static Reply put(Model model, String rest, int length) {
    return model.http().put(model.path(rest), new byte[length], MASKED);
  }

  @Test
  void answer_namesThoseWhoAreAsked() {
    Model model = create();
    Roster roster = shared(model);
    FOUR.forEach(client -> update(model, roster, client).is(201));
    String path = "/rounds/0/unmasking/ann";
    model.putJson(path, "{\"self\": {}, \"key\": {}}").problem(422, "bad-shares");
    model
        .putJson(
            path,
            "{\"self\": {\"ann\": \"AA\", \"ben\": \"AA\", \"cem\": \"AA\", \"dua\": \"AA\"},"
                + " \"key\": {}}")
        .problem(422, "wrong-length");
    reveal(model, roster, "ann").is(201);
    reveal(model, roster, "ann").is(200);
  }

  @Test
  void join_hasGoodKeys_andTheRoundsBase() {
    Model model = create();
    Join right = member(model, "ann").join();
    String path = "/rounds/0/members/ann";
    model.putJson(path, body(right).replace(model.base(), "x-0")).problem(409, "base-differs");
    byte[] zeros = new byte[32];
    Join small = new Join(zeros, right.shareKey(), right.base(), null, null);
    model.putJson(path, body(small)).problem(422, "bad-key");
    Join same = new Join(right.maskKey(), right.maskKey(), right.base(), null, null);
    model.putJson(path, body(same)).problem(422, "bad-key");
    Join signed = new Join(right.maskKey(), right.shareKey(), right.base(), zeros, new byte[64]);
    model.putJson(path, body(signed)).problem(422, "bad-signature");
    model.putJson(path, body(right).replace("null}", "null, \"x\": 1}")).problem(400, "malformed");
    model.putJson(path, body(right)).is(201);
    model.putJson(path, body(right)).is(200);
    model.putJson("/weights", "{\"weights\": [1, 2, 3]}").problem(409, "already-started");
  }

  @Test
  void pinnedMember_signsItsKeys() {
    Model model = Model.create(spec("{\"clip\": 4, \"identities\": \"pinned\"}"));
    Join unsigned = member(model, "ann").join();
    model.putJson("/rounds/0/members/ann", body(unsigned)).problem(422, "bad-signature");
    Join wrong =
        new Join(
            unsigned.maskKey(),
            unsigned.shareKey(),
            unsigned.base(),
            unsigned.shareKey(),
            new byte[64]);
    model.putJson("/rounds/0/members/ann", body(wrong)).problem(422, "bad-signature");
  }

  @Test
  void policy_letsAllStayWhoHaveJoined() {
    Model model =
        Model.create(
            spec("{\"clip\": 4, \"join_timeout\": \"1h\"}")
                .replace("\"max_updates\": 4", "\"max_updates\": 5"));
    FOUR.forEach(client -> join(model, client).is(201));
    String policy = "{\"min_updates\": 3, \"max_updates\": %s, \"timeout\": \"1h\"}";
    model.putJson("/round", policy.replace("%s", "3")).problem(422, "bad-spec");
    model.putJson("/round", "{\"min_updates\": 3}").problem(422, "bad-spec");
    model.putJson("/round", policy.replace("%s", "4")).is(200);
    assertThat(model.current().path("phase").asString()).isEqualTo("sharing");
  }

  @Test
  void plainModel_hasNoneOfIt() {
    Model model = Model.create(Model.PLAIN);
    model.putJson("/rounds/0/members/ann", "{}").problem(404, "not-found");
    model.get("/rounds/0/roster").problem(404, "not-found");
    model.get("/rounds/0/unmasking/ann").problem(404, "not-found");
    put(model, "/rounds/0/updates/ann", 12).problem(415, "unsupported-format");
    put(model, "/rounds/0/updates/ann?roster=x", 12).problem(400, "malformed");
  }

  @Test
  void stoppedTraining_endsWaits_andNoStage() {
    Model model = create();
    join(model, "ann").is(201);
    var waiting = model.http().getLater(model.path("/rounds/0/roster?wait=30s"));
    model.post("/stop").is(200);
    waiting.join().is(204);
    join(model, "ben").problem(410, "training-stopped");
    model.post("/start").is(200);
    join(model, "ben").is(201);
  }
}
