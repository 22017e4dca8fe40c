package io.fedstep.contract;

import static io.fedstep.contract.Model.PLAIN;
import static io.fedstep.contract.Model.update;
import static io.fedstep.contract.Vectors.f4;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Uploads that overlap, come late, hang, or are far too long: each client reads its answer. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ConcurrencyTest {
  private static final byte[] VALUES = f4(1, 2, 3);
  private static final int LARGE = 40_000_000;

  /** 10 million parameters, a round of one update; its round 0 is over. */
  private static Model large;

  @BeforeAll
  static void closeALargeRound() throws IOException {
    large =
        Model.create(
            """
            {"tensors": {"w": [10000000]}, "optimizer": {"lrate": 1.0, "modules": []}}\
            """);
    try (RawRequest early = put(large, 0, "early", LARGE)) {
      early.send('\0', LARGE).read().is(201);
    }
    large.awaitVersion(1);
  }

  @AfterAll
  static void delete() {
    large.http().delete(large.path("")).is(204);
  }

  private static RawRequest put(Model model, long round, String client, long length, String... more)
      throws IOException {
    return put(model, update(round, client), length, more);
  }

  private static RawRequest put(Model model, String path, long length, String... more)
      throws IOException {
    var headers = new ArrayList<>(List.of(Http.OCTETS));
    headers.addAll(List.of(more));
    return new RawRequest(model.http())
        .put(model.path(path), length, headers.toArray(String[]::new));
  }

  private static byte[] head(byte[] bytes) {
    return Arrays.copyOf(bytes, bytes.length / 2);
  }

  private static byte[] tail(byte[] bytes) {
    return Arrays.copyOfRange(bytes, bytes.length / 2, bytes.length);
  }

  // --- more clients than places

  @Test
  void threeClientsAtOnce_onARoundOfTwo_takesTwo() throws IOException {
    Model model = Model.create(Model.plain(2, 2));
    var clients = new ArrayList<RawRequest>();
    for (String name : List.of("alice", "bob", "carol")) {
      clients.add(put(model, 0, name, 12).send(head(VALUES)));
    }
    for (RawRequest client : clients) {
      client.send(tail(VALUES));
    }
    var statuses = new ArrayList<Integer>();
    for (RawRequest client : clients) {
      try (client) {
        Reply reply = client.read();
        statuses.add(reply.status());
        if (reply.status() == 410) {
          JsonNode problem = reply.problem(410, "round-closed");
          assertThat(problem.path("current_round").asLong()).isEqualTo(1);
        }
      }
    }
    assertThat(statuses).containsExactlyInAnyOrder(201, 201, 410);
    model.awaitVersion(1);
    assertThat(model.get("/rounds/0").json().path("updates").asInt()).isEqualTo(2);
    assertThat(model.weights()).isEqualTo(f4(-1, -2, -3));
  }

  @Test
  void repeat_afterTheCloseThatItCaused_is200() throws IOException {
    Model model = Model.create(PLAIN);
    try (RawRequest lost = put(model, 0, "alice", 12)) {
      lost.send(VALUES);
    }
    model.awaitVersion(1);
    JsonNode receipt = model.putOctets(update(0, "alice"), VALUES).is(200).json();
    assertThat(receipt.path("updates").asInt()).isEqualTo(1);
    assertThat(model.json("version").asLong()).isEqualTo(1);
  }

  @Test
  void upload_onItsWayWhenTheRoundCloses_reads410() throws IOException {
    Model model = Model.create(PLAIN);
    try (RawRequest late = put(model, 0, "late", 12).send(head(VALUES))) {
      model.putOctets(update(0, "early"), VALUES).is(201);
      late.send(tail(VALUES));
      late.read().problem(410, "round-closed");
    }
    model.awaitVersion(1);
    model.get(update(0, "late")).problem(404, "update-not-found");
  }

  // --- one client, several tries

  @Test
  void try_thatOverlapsAnEarlierOne_countsAndTheOtherIsCompared() throws IOException {
    Model model = Model.create(Model.plain(2, 2));
    try (RawRequest same = put(model, 0, "alice", 12).send(head(VALUES));
        RawRequest other = put(model, 0, "alice", 12).send(head(VALUES))) {
      Reply first = model.putOctets(update(0, "alice"), VALUES).is(201);
      assertThat(same.send(tail(VALUES)).read().is(200).json()).isEqualTo(first.json());
      other.send(tail(f4(1, 2, 4))).read().problem(409, "update-differs");
    }
    assertThat(model.current().path("updates").asInt()).isEqualTo(1);
  }

  @Test
  void try_thatHangsUntilAfterTheClose_isComparedAsWell() throws IOException {
    Model model = Model.create(PLAIN);
    try (RawRequest hanging = put(model, 0, "alice", 12).send(head(VALUES))) {
      Reply first = model.putOctets(update(0, "alice"), VALUES).is(201);
      model.awaitVersion(1);
      assertThat(hanging.send(tail(VALUES)).read().is(200).json()).isEqualTo(first.json());
    }
  }

  @Test
  void upload_thatBreaksOff_leavesNothing() throws IOException {
    Model model = Model.create(PLAIN);
    try (RawRequest broken = put(model, 0, "alice", 12)) {
      broken.send(head(VALUES));
    }
    assertThat(model.current().path("updates").asInt()).isZero();
    model.putOctets(update(0, "alice"), f4(4, 5, 6)).is(201);
    model.awaitVersion(1);
    assertThat(model.weights()).isEqualTo(f4(-4, -5, -6));
  }

  // --- long bodies

  @Test
  void lateClient_thatSends40MegabytesAllTheSame_reads410() throws IOException {
    try (RawRequest late = put(large, 0, "late", LARGE)) {
      JsonNode problem = late.send('\0', LARGE).read().problem(410, "round-closed");
      assertThat(problem.path("current_round").asLong()).isPositive();
    }
  }

  @Test
  void lateClient_thatRepeats40Megabytes_reads200() throws IOException {
    try (RawRequest early = put(large, 0, "early", LARGE)) {
      early.send('\0', LARGE).read().is(200);
    }
  }

  @Test
  void clientHalfwayThrough40Megabytes_whenTheRoundCloses_reads410() throws IOException {
    try (RawRequest late = put(large, 1, "late", LARGE).send('\0', LARGE / 2);
        RawRequest early = put(large, 1, "early", LARGE)) {
      early.send('\0', LARGE).read().is(201);
      late.send('\0', LARGE / 2).read().problem(410, "round-closed");
    }
    large.awaitVersion(2);
  }

  /** A head that is refused already, before a body of 40 MB that comes all the same. */
  @ParameterizedTest
  @CsvSource({
    "/rounds/9/updates/alice, 409, round-not-open",
    "/rounds/0/updates/alice?weight=0, 410, round-closed",
    "/rounds/x/updates/alice, 400, malformed",
    "/weights, 409, already-started",
    "/nowhere, 404, not-found"
  })
  void refusal_beforeTheBody_isReadAfterIt(String path, int status, String code)
      throws IOException {
    try (RawRequest request = put(large, path, LARGE)) {
      request.send('\0', LARGE).read().problem(status, code);
    }
  }

  @Test
  void octets_farTooMany_areRefusedReadably() throws IOException {
    Model model = Model.create(PLAIN);
    try (RawRequest request = put(model, 0, "alice", LARGE)) {
      JsonNode problem = request.send('\0', LARGE).read().problem();
      assertThat(problem.path("code").asString()).isIn("wrong-length", "too-large");
    }
    assertThat(model.current().path("updates").asInt()).isZero();
  }

  @Test
  void json_farTooLong_isTooLarge() throws IOException {
    String start = "{\"gradient\": [1, 2, 3";
    Http http = Server.shared().http();
    for (String path :
        List.of(Model.create(PLAIN).path(update(0, "alice")), Model.unborn().path(""))) {
      try (var request = new RawRequest(http).put(path, LARGE, Http.JSON)) {
        request.send(start).send(' ', LARGE - start.length() - 2).send("]}");
        request.read().problem(413, "too-large");
      }
    }
  }

  @Test
  void octets_withoutALength_areCounted() {
    Model model = Model.create(PLAIN);
    for (byte[] body : List.of(new byte[0], f4(1, 2), f4(1, 2, 3, 4), new byte[1 << 20])) {
      chunked(model, body).problem(422, "wrong-length");
    }
    chunked(model, VALUES).is(201);
  }

  private static Reply chunked(Model model, byte[] body) {
    return model
        .http()
        .send(
            "PUT",
            model.path(update(0, "alice")),
            BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body)),
            Http.OCTETS);
  }

  // --- Expect: 100-continue

  @Test
  void expect_onAnOpenRound_isContinued() throws IOException {
    Model model = Model.create(PLAIN);
    try (RawRequest request = put(model, 0, "alice", 12, "Expect: 100-continue")) {
      assertThat(request.read().status()).isEqualTo(100);
      request.send(VALUES).read().is(201);
    }
  }

  @Test
  void expect_onARoundThatIsOver_isRefusedBeforeTheBody() throws IOException {
    try (RawRequest request = put(large, 0, "late", LARGE, "Expect: 100-continue")) {
      request.read().problem(410, "round-closed");
    }
    Model model = Model.create(PLAIN);
    try (RawRequest request = put(model, 0, "alice", 11, "Expect: 100-continue")) {
      request.read().problem(422, "wrong-length");
    }
    try (RawRequest request = put(model, 1, "alice", 12, "Expect: 100-continue")) {
      request.read().problem(409, "round-not-open");
    }
  }

  @Test
  void form_isRefusedBeforeTheBody() throws IOException {
    try (RawRequest request = new RawRequest(Server.shared().http())) {
      String path = Model.create(PLAIN).path(update(0, "alice"));
      String form = "Content-Type: application/x-www-form-urlencoded";
      request.put(path, LARGE, form, "Expect: 100-continue");
      request.read().problem(415, "unsupported-format");
    }
  }

  // --- a model that goes

  /** Whatever is under way is answered as for a model that never was, without a line in the log. */
  @Test
  void delete_underEverything_isNoFailure() throws Exception {
    var model = Model.create(Model.plain(1, 1));
    var statuses = new ConcurrentHashMap<Integer, String>();
    var over = new AtomicBoolean();
    try (var log = new Log(model);
        var threads = Executors.newFixedThreadPool(9)) {
      List<Supplier<Reply>> requests =
          List.of(
              () -> model.putOctets(update(0, "alice"), VALUES),
              () -> model.putOctets(update(0, "bob"), VALUES),
              () -> model.putOctets(update(1, "alice"), VALUES),
              () -> model.get("/weights?wait=1s"),
              () -> model.get("/rounds/current?after=9&wait=1s"),
              () -> model.post("/rounds/current/close"),
              () -> model.post("/versions/0/restore"),
              () -> model.putJson("/versions/0/reports/alice", "{\"metrics\": {\"loss\": 1}}"));
      var running = new ArrayList<Future<?>>();
      for (Supplier<Reply> request : requests) {
        running.add(
            threads.submit(() -> {
              while (!over.get()) {
                Reply reply = request.get();
                statuses.putIfAbsent(reply.status(), reply.text());
              }
            }));
      }
      running.add(
          threads.submit(() -> {
            while (!over.get()) {
              try (var lines = model.http().lines(model.path("/events"))) {
                lines.forEach(_ -> {});
              } catch (UncheckedIOException e) {
                // cut off
              }
            }
          }));
      for (int i = 0; i < 10; i++) {
        model.http().delete(model.path("")).is(204);
        model.putJson("", Model.plain(1, 1)).is(201);
      }
      over.set(true);
      model.http().delete(model.path("")).is(204); // which ends the events
      for (Future<?> one : running) {
        one.get();
      }
      assertThat(statuses).containsKeys(201, 404);
      assertThat(statuses.keySet()).as("%s", statuses).allMatch(status -> status < 500);
      assertThat(log.warnings()).isEmpty();
    }
  }
}
