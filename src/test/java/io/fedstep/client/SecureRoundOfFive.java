package io.fedstep.client;

import io.fedstep.secure.Base64Url;
import io.fedstep.secure.Join;
import io.fedstep.secure.Opening;
import io.fedstep.secure.Revealed;
import io.fedstep.secure.Roster;
import io.fedstep.secure.Shared;
import io.fedstep.secure.Words;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** What an honest server says to five members, for tests that have it lie. */
final class SecureRoundOfFive {
  static final List<String> CLIENTS = List.of("ann", "ben", "cem", "dua", "eli");

  private static final JsonMapper JSON = JsonMapper.shared();
  private static final int FRACTION_BITS = 30;

  final Map<String, SecureMember> members = new TreeMap<>();
  private final Map<String, ObjectNode> shared = new TreeMap<>();
  private final Map<String, String> signatures = new TreeMap<>();
  private final SecureSettings settings;
  private final RoundStart start;
  private final Roster roster;

  SecureRoundOfFive(boolean pinned) throws UnsafeException {
    this(model(pinned));
  }

  /** A round of a model as the server shows it. */
  SecureRoundOfFive(JsonNode model) throws UnsafeException {
    settings = SecureSettings.of(model);
    boolean pinned = settings.isPinned();
    start = new RoundStart("m", new Weights(7, "3f9c2a71-7", false, new byte[3 * Float.BYTES]));
    var identities = new TreeMap<String, Identity>();
    CLIENTS.forEach(client -> identities.put(client, Identity.random()));
    var texts = new TreeMap<String, String>();
    identities.forEach((client, identity) -> texts.put(client, identity.text()));
    var joins = new TreeMap<String, Join>();
    for (String client : CLIENTS) {
      Identity own = Objects.requireNonNull(identities.get(client));
      var trusted = pinned ? new Pinned(own, texts) : null;
      var member = new SecureMember(start, client, settings, trusted);
      members.put(client, member);
      joins.put(client, join(member.join()));
    }
    roster = new Roster(start.facts(settings, fractionBits()), 4, joins);
  }

  private int fractionBits() {
    return settings.noise() == null ? FRACTION_BITS : 0;
  }

  /** The spec of a model whose members add noise, of whom one may tell its own. */
  static ObjectNode noisy() {
    return (ObjectNode)
        JSON.readTree(
            """
            {"dtype": "float32", "round": {"min_updates": 3},
             "secure": {"threshold": 0.667, "bits": 64, "identities": "any"},
             "privacy": {"clip_norm": 2.0, "noise_multiplier": 1.5, "where": "clients",
                         "collusion": 1}}
            """);
  }

  /** The spec of their model, as the server shows it. */
  static ObjectNode model(boolean pinned) {
    return (ObjectNode)
        JSON.readTree(
            """
            {"dtype": "float32", "round": {"min_updates": 3},
             "secure": {"threshold": 0.667, "clip": 8.0, "bits": 64, "max_weight": 100,
                        "metrics": ["loss"], "identities": "%s"}}
            """
                .formatted(pinned ? "pinned" : "any"));
  }

  private static Join join(JsonNode body) {
    return new Join(
        Objects.requireNonNull(bytes(body.required("mask_key"))),
        Objects.requireNonNull(bytes(body.required("share_key"))),
        body.required("base").stringValue(),
        bytes(body.required("identity")),
        bytes(body.required("signature")));
  }

  private static byte @Nullable [] bytes(JsonNode text) {
    return text.isNull() ? null : Base64Url.bytes(text.stringValue());
  }

  SecureMember member(String client) {
    return Objects.requireNonNull(members.get(client));
  }

  /** The answer of the address {@code roster}. */
  ObjectNode roster() {
    ObjectNode answer = JSON.createObjectNode().put("round", 7).put("base", "3f9c2a71-7");
    answer.put("threshold", 4).put("fraction_bits", fractionBits()).put("digest", roster.digest());
    ArrayNode list = answer.putArray("members");
    members.forEach((client, member) -> {
      ObjectNode one = member.join().put("client", client).put("index", list.size() + 1);
      one.remove("base");
      list.add(one);
    });
    return answer;
  }

  /** Has members share. */
  void share(Collection<String> clients) throws UnsafeException {
    for (String client : clients) {
      shared.put(client, member(client).share(roster()));
    }
  }

  /** What a member is told of those who shared. */
  ObjectNode sharesFor(String client) {
    ObjectNode answer = JSON.createObjectNode();
    ObjectNode shares = answer.putObject("shares");
    int place = CLIENTS.indexOf(client);
    shared.forEach((from, document) -> {
      if (!from.equals(client)) {
        shares.set(from, document.required("shares").get(place));
      }
    });
    return answer;
  }

  /** The masked update of a member. */
  byte[] update(String client, Update update) throws UnsafeException {
    SecureMember member = member(client);
    member.open(sharesFor(client));
    String query = member.updateQuery();
    signatures.put(client, query.replaceFirst(".*signature=", ""));
    return member.update(new SecureStream(update, settings, 3 * Float.BYTES));
  }

  /** What members whose updates are in are asked for. */
  ObjectNode unmasking(Collection<String> online) {
    ObjectNode answer = JSON.createObjectNode();
    online.forEach(answer.putArray("online")::add);
    ArrayNode missing = answer.putArray("missing");
    shared.keySet().stream().filter(client -> !online.contains(client)).forEach(missing::add);
    if (settings.isPinned()) {
      ObjectNode signed = answer.putObject("signatures");
      online.forEach(client -> signed.put(client, signatures.get(client)));
    } else {
      answer.putNull("signatures");
    }
    return answer;
  }

  /** The words of the sum of updates, opened by answers. */
  long[] sum(Map<String, byte[]> updates, Map<String, ObjectNode> answers) {
    var shares = new TreeMap<String, Shared>();
    shared.forEach((client, document) -> shares.put(client, shared(document)));
    var revealed = new TreeMap<String, Revealed>();
    answers.forEach((client, document) ->
        revealed.put(
            client,
            new Revealed(shares(document.required("self")), shares(document.required("key")))));
    Opening opening = Opening.of(roster, shares, updates.keySet(), revealed);
    long[] sums = new long[(int) roster.facts().form().bytes() / Long.BYTES];
    for (byte[] update : updates.values()) {
      ByteBuffer words = ByteBuffer.wrap(update).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < sums.length; i++) {
        sums[i] += words.getLong();
      }
    }
    var words = new Words();
    opening.masks().forEach(mask -> words.add(mask.opposite(), 0, Long.SIZE, sums, sums.length));
    return sums;
  }

  private static Shared shared(JsonNode document) {
    var sealed = new TreeMap<Integer, byte[]>();
    JsonNode list = document.required("shares");
    for (int i = 0; i < list.size(); i++) {
      byte[] one = bytes(list.get(i));
      if (one != null) {
        sealed.put(i + 1, one);
      }
    }
    return new Shared(Objects.requireNonNull(bytes(document.required("commitment"))), sealed);
  }

  private static Map<String, byte[]> shares(JsonNode object) {
    var shares = new TreeMap<String, byte[]>();
    for (String name : object.propertyNames()) {
      shares.put(name, Objects.requireNonNull(bytes(object.required(name))));
    }
    return shares;
  }
}
