package io.fedstep.bench;

import io.fedstep.secure.Base64Url;
import io.fedstep.secure.Join;
import io.fedstep.secure.Member;
import io.fedstep.secure.Revealed;
import io.fedstep.secure.Roster;
import io.fedstep.secure.RoundFacts;
import io.fedstep.secure.Shared;
import io.fedstep.secure.TestMember;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Rounds of a model, the last of whose members are lost once they have shared. */
final class MaskedRounds {
  private static final JsonMapper JSON = JsonMapper.shared();

  private final Subject subject;
  private final Crowd crowd;
  private final String model;
  private final int size;
  private final List<String> clients;
  private final List<String> online;
  private final double[] values;
  private int round;

  MaskedRounds(Subject subject, Crowd crowd, String model, int size, int online, int missing)
      throws Exception {
    this.subject = subject;
    this.crowd = crowd;
    this.model = model;
    this.size = size;
    clients =
        IntStream.range(100, 100 + online + missing).mapToObj(i -> "c" + i).toList(); // in order
    this.online = clients.subList(0, online);
    values = new double[size];
    for (int i = 0; i < size; i++) {
      values[i] = i % 16 - 7.5;
    }
    subject.createSecure(model, size, online, clients.size());
  }

  private String path(String what, String client) {
    return "/v1/models/%s/rounds/%s/%s/%s".formatted(model, Integer.toString(round), what, client);
  }

  /** A whole round; what the server takes once it has the last answer. */
  double seconds() throws Exception {
    String base = subject.get("/v1/models/" + model).required("base").stringValue();
    var members = new TreeMap<String, TestMember>();
    clients.forEach(client -> members.put(client, new TestMember(client, base, round)));
    var joins = new TreeMap<String, Join>();
    for (var member : members.entrySet()) {
      Join join = member.getValue().join();
      joins.put(member.getKey(), join);
      subject.put(path("members", member.getKey()), json(join), 201);
    }
    Roster roster = roster(base, joins);
    String query = "?roster=" + roster.digest();
    crowd.seconds(
        clients.size(),
        (_, i) -> {
          String client = clients.get(i);
          Shared shared = Objects.requireNonNull(members.get(client)).share(roster);
          subject.put(path("shares", client) + query, json(shared, roster), 201);
        });
    // among those who are in, the masks of pairs cancel: they are left out on both sides
    List<String> lost = clients.subList(online.size(), clients.size());
    crowd.seconds(
        online.size(),
        (connection, i) -> {
          String client = online.get(i);
          byte[] words =
              Objects.requireNonNull(members.get(client)).update(roster, lost, values, 1);
          connection.putMasked(path("updates", client) + query, ByteBuffer.wrap(words)).is(201);
        });
    if (!lost.isEmpty()) {
      subject.close(model);
    }
    List<String> answers = new ArrayList<>();
    for (String client : online.subList(0, roster.threshold())) {
      answers.add(json(revealed(Objects.requireNonNull(members.get(client)), roster)));
    }
    long started = 0;
    for (int i = 0; i < answers.size(); i++) {
      started = System.nanoTime();
      subject.put(path("unmasking", online.get(i)), answers.get(i), 201);
    }
    subject.awaitRound(model, round + 1);
    double seconds = (System.nanoTime() - started) * 1e-9;
    check(subject.get("/v1/models/%s/rounds/%s".formatted(model, Integer.toString(round))));
    round++;
    return seconds;
  }

  private void check(JsonNode record) {
    if (!record.required("outcome").stringValue().equals("completed")
        || record.required("updates").intValue() != online.size()
        || record.required("missing").size() != clients.size() - online.size()) {
      throw new IllegalStateException("the round ended as " + record);
    }
  }

  private Roster roster(String base, Map<String, Join> joins) throws Exception {
    JsonNode shown = subject.get(path("roster", "").replaceFirst("/$", ""));
    JsonNode secure = subject.get("/v1/models/" + model).required("secure");
    byte[] weights = subject.bytes("/v1/models/%s/weights".formatted(model));
    var facts =
        new RoundFacts(
            model,
            round,
            base,
            size,
            MessageDigest.getInstance("SHA-256").digest(weights),
            secure.required("bits").intValue(),
            shown.required("fraction_bits").intValue(),
            secure.required("clip").doubleValue(),
            secure.required("max_weight").longValue(),
            List.of(),
            online.size(),
            null);
    var roster = new Roster(facts, shown.required("threshold").intValue(), new TreeMap<>(joins));
    if (!roster.digest().equals(shown.required("digest").stringValue())) {
      throw new IllegalStateException("another roster: " + shown.required("digest"));
    }
    return roster;
  }

  private Revealed revealed(TestMember member, Roster roster) throws Exception {
    var sealed = new TreeMap<String, byte[]>();
    subject
        .get(path("shares", member.client()))
        .required("shares")
        .properties()
        .forEach(one ->
            sealed.put(
                one.getKey(),
                Objects.requireNonNull(Base64Url.bytes(one.getValue().stringValue()))));
    JsonNode asked = subject.get(path("unmasking", member.client()));
    return member.reveal(
        roster, sealed, names(asked.required("online")), names(asked.required("missing")));
  }

  private static List<String> names(JsonNode list) {
    return list.valueStream().map(JsonNode::stringValue).toList();
  }

  private static String json(Join join) {
    return JSON.createObjectNode()
        .put("mask_key", Base64Url.text(join.maskKey()))
        .put("share_key", Base64Url.text(join.shareKey()))
        .put("base", join.base())
        .putNull("identity")
        .putNull("signature")
        .toString();
  }

  private static String json(Shared shared, Roster roster) {
    ObjectNode json = JSON.createObjectNode();
    json.put("commitment", Base64Url.text(shared.commitment()));
    var list = json.putArray("shares");
    for (Member member : roster.members()) {
      byte[] one = shared.sealed().get(member.index());
      if (one == null) {
        list.addNull();
      } else {
        list.add(Base64Url.text(one));
      }
    }
    return json.toString();
  }

  private static String json(Revealed revealed) {
    ObjectNode json = JSON.createObjectNode();
    ObjectNode self = json.putObject("self");
    revealed.self().forEach((client, share) -> self.put(client, Base64Url.text(share)));
    ObjectNode key = json.putObject("key");
    revealed.key().forEach((client, share) -> key.put(client, Base64Url.text(share)));
    return json.toString();
  }
}
