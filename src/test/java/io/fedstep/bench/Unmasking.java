package io.fedstep.bench;

import io.fedstep.bench.Line.Goal;
import io.fedstep.secure.Base64Url;
import io.fedstep.secure.Join;
import io.fedstep.secure.Keystream;
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
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The close of a secure round, from the last answer to the next version: 64 masked updates of 10^7
 * coordinates, with nobody missing and with six members who shared and were lost. It stands beside
 * AES-CTR by the JDK over as many bytes as there are masks to take off, on all cores, and beside
 * the close of as many updates in the clear. {@code WordsBenchmark} has the unmasking alone.
 */
final class Unmasking implements Row {
  private static final int CONNECTIONS = 4;
  private static final int WARM_UPS = 2;
  private static final int PIECE = 1 << 16;
  private static final JsonMapper JSON = JsonMapper.shared();

  @Override
  public List<Line> measure(Bench bench) throws Exception {
    int size = bench.size(10_000_000, 1000);
    int online = bench.isTried() ? 4 : 64;
    int missing = bench.isTried() ? 1 : 6;
    try (var subject = bench.usedSubject();
        var crowd = new Crowd(subject.port(), CONNECTIONS)) {
      var turns = new Turns(bench);
      var all = new Rounds(subject, crowd, "unmasking-all", size, online, 0);
      var some = new Rounds(subject, crowd, "unmasking-some", size, online, missing);
      var gradients = new Gradients(size);
      subject.create("unmasking-clear", size, online, online + 1);
      long bytes = (long) Integer.BYTES * size * online;
      long more = bytes * (1 + missing);
      var ofAll = turns.add("nobody missing", all::seconds);
      var aes = turns.add("AES", () -> aes(bytes));
      var ofSome = turns.add("six missing", some::seconds);
      var moreAes = turns.add("more AES", () -> aes(more));
      var clear = turns.add("in the clear", clear(subject, crowd, gradients, online));
      turns.take(bench.warmUps(WARM_UPS));
      var goal = new Goal("", "0.5");
      String work = "unmasking of 64 × 10^7 words of 32 bits, ";
      String peer = "AES-CTR of the JDK over as many bytes as masks come off";
      String close = "close of as many updates in the clear";
      return List.of(
          new Line(
              work + "nobody missing",
              ofAll.rate(bytes, Unit.BYTES),
              peer,
              aes.rate(bytes, Unit.BYTES),
              goal),
          new Line(work + "nobody missing", ofAll.time(), close, clear.time(), Goal.NONE),
          new Line(
              work + "six missing",
              ofSome.rate(more, Unit.BYTES),
              peer,
              moreAes.rate(more, Unit.BYTES),
              goal),
          new Line(work + "six missing", ofSome.time(), close, clear.time(), Goal.NONE));
    }
  }

  private static Turns.Timed clear(Subject subject, Crowd crowd, Gradients gradients, int clients) {
    var round = new int[1];
    return () -> {
      crowd.update("unmasking-clear", round[0], clients, gradients);
      round[0]++;
      long started = System.nanoTime();
      var _ = subject.close("unmasking-clear");
      return (System.nanoTime() - started) * 1e-9;
    };
  }

  /** The seconds that all cores take for so many bytes of keystreams. */
  private static double aes(long bytes) throws Exception {
    int threads = Runtime.getRuntime().availableProcessors();
    try (var pool = Executors.newFixedThreadPool(threads)) {
      long started = System.nanoTime();
      var running = new ArrayList<Future<?>>();
      for (int thread = 0; thread < threads; thread++) {
        running.add(
            pool.submit(() -> {
              var stream = new Keystream();
              byte[] into = new byte[PIECE];
              byte[] seed = new byte[32];
              for (long at = 0; at < bytes / threads; at += PIECE) {
                stream.read(seed, at, into, (int) Math.min(PIECE, bytes / threads - at));
              }
              return null;
            }));
      }
      for (Future<?> one : running) {
        one.get();
      }
      return (System.nanoTime() - started) * 1e-9;
    }
  }

  /** Rounds of a model, the last of whose members are lost once they have shared. */
  private static final class Rounds {
    private final Subject subject;
    private final Crowd crowd;
    private final String model;
    private final int size;
    private final List<String> clients;
    private final List<String> online;
    private final double[] values;
    private int round;

    Rounds(Subject subject, Crowd crowd, String model, int size, int online, int missing)
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
      return "/v1/models/%s/rounds/%s/%s/%s"
          .formatted(model, Integer.toString(round), what, client);
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
      while (subject.get("/v1/models/" + model).required("version").intValue() == round) {
        Thread.sleep(1);
      }
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
}
