package io.fedstep.contract;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.read.ListAppender;
import io.fedstep.security.Token;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;

/** Who may do what: each endpoint, each role, a model of one's own and another. */
class AccessTest {
  /**
   * The table. A row is an endpoint; the columns are a stranger, a client, an observer and an admin
   * of {@code mine-*}, each for the model {@code mine-1} and for {@code other}: {@code +} is let
   * in, {@code 0} has to say who he is, {@code -} may not. {@code ME} is the caller's own id.
   */
  private static final String TABLE =
      """
                                                            stranger  client  observer admin
      GET    /actuator/health/liveness                      + +       + +     + +      + +
      GET    /actuator/health/readiness                     + +       + +     + +      + +
      GET    /actuator/health                               0 0       - -     - -      - -
      GET    /actuator/prometheus                           0 0       - -     - -      - -
      GET    /actuator                                      0 0       - -     - -      - -
      GET    /v3/api-docs                                   0 0       + +     + +      + +
      GET    /                                              + +       + +     + +      + +
      GET    /dashboard/dashboard.css                       + +       + +     + +      + +
      GET    /nothing                                       0 0       - -     - -      - -
      GET    /v1/nothing                                    0 0       - -     - -      - -
      GET    /v1/models                                     0 0       + +     + +      + +
      GET    /v1/models/{model}                             0 0       + -     + -      + -
      PUT    /v1/models/{model}                             0 0       - -     - -      + -
      GET    /v1/models/{model}/optimizer                   0 0       - -     + -      + -
      PUT    /v1/models/{model}/optimizer                   0 0       - -     - -      + -
      PUT    /v1/models/{model}/aggregator                  0 0       - -     - -      + -
      PUT    /v1/models/{model}/update-bound                0 0       - -     - -      + -
      PUT    /v1/models/{model}/metadata                    0 0       - -     - -      + -
      PUT    /v1/models/{model}/keep-best                   0 0       - -     - -      + -
      GET    /v1/models/{model}/tags                        0 0       + -     + -      + -
      PUT    /v1/models/{model}/tags/shipped                0 0       - -     - -      + -
      DELETE /v1/models/{model}/tags/shipped                0 0       - -     - -      + -
      GET    /v1/models/{model}/versions/newest/weights     0 0       + -     + -      + -
      PUT    /v1/models/{model}/round                       0 0       - -     - -      + -
      POST   /v1/models/{model}/stop                        0 0       - -     - -      + -
      POST   /v1/models/{model}/start                       0 0       - -     - -      + -
      POST   /v1/models/{model}/undelete                    0 0       - -     - -      + -
      GET    /v1/deleted                                    0 0       - -     - -      + +
      GET    /v1/models/{model}/weights                     0 0       + -     + -      + -
      PUT    /v1/models/{model}/weights                     0 0       - -     - -      + -
      GET    /v1/models/{model}/versions                    0 0       - -     + -      + -
      GET    /v1/models/{model}/versions/0/weights          0 0       + -     + -      + -
      GET    /v1/models/{model}/versions/0/gradient         0 0       + -     + -      + -
      GET    /v1/models/{model}/versions/0/optimizer/state  0 0       - -     + -      + -
      GET    /v1/models/{model}/control                     0 0       + -     + -      + -
      GET    /v1/models/{model}/versions/0/control          0 0       + -     + -      + -
      GET    /v1/models/{model}/control?client=ME           0 0       + -     + -      + -
      GET    /v1/models/{model}/control?client=someone      0 0       - -     + -      + -
      POST   /v1/models/{model}/versions/0/restore          0 0       - -     - -      + -
      PUT    /v1/models/{model}/versions/0/reports/ME       0 0       + -     - -      + -
      PUT    /v1/models/{model}/versions/0/reports/someone  0 0       - -     - -      + -
      GET    /v1/models/{model}/optimizer/state             0 0       - -     + -      + -
      PUT    /v1/models/{model}/optimizer/state             0 0       - -     - -      + -
      HEAD   /v1/models/{model}/events                      0 0       - -     + -      + -
      GET    /v1/models/{model}/rounds                      0 0       - -     + -      + -
      GET    /v1/models/{model}/rounds/current              0 0       + -     + -      + -
      GET    /v1/models/{model}/privacy                     0 0       + -     + -      + -
      GET    /v1/privacy/epsilon                            0 0       + +     + +      + +
      GET    /v1/models/{model}/rounds/0                    0 0       - -     + -      + -
      POST   /v1/models/{model}/rounds/current/close        0 0       - -     - -      + -
      PUT    /v1/models/{model}/rounds/0/updates/ME         0 0       + -     - -      + -
      PUT    /v1/models/{model}/rounds/0/updates/someone    0 0       - -     - -      + -
      GET    /v1/models/{model}/rounds/0/updates/ME         0 0       + -     + -      + -
      GET    /v1/models/{model}/rounds/0/updates/someone    0 0       - -     + -      + -
      OPTIONS /v1/models/{model}/rounds/0/updates/ME        0 0       + -     - -      + -
      OPTIONS /v1/models/{model}/rounds/0/updates/someone   0 0       - -     - -      + -
      HEAD   /v1/models/{model}/rounds/0/updates/ME/uploads/x      0 0  + -   - -      + -
      HEAD   /v1/models/{model}/rounds/0/updates/someone/uploads/x 0 0  - -   - -      + -
      PATCH  /v1/models/{model}/rounds/0/updates/ME/uploads/x      0 0  + -   - -      + -
      PATCH  /v1/models/{model}/rounds/0/updates/someone/uploads/x 0 0  - -   - -      + -
      DELETE /v1/models/{model}/rounds/0/updates/ME/uploads/x      0 0  + -   - -      + -
      DELETE /v1/models/{model}/rounds/0/updates/someone/uploads/x 0 0  - -   - -      + -
      GET    /v1/models/{model}/rounds/0/updates            0 0       - -     + -      + -
      PUT    /v1/models/{model}/rounds/0/failures/ME        0 0       + -     - -      + -
      PUT    /v1/models/{model}/rounds/0/failures/someone   0 0       - -     - -      + -
      GET    /v1/models/{model}/rounds/0/failures           0 0       - -     + -      + -
      PUT    /v1/models/{model}/rounds/0/members/ME         0 0       + -     - -      + -
      PUT    /v1/models/{model}/rounds/0/members/someone    0 0       - -     - -      + -
      PUT    /v1/models/{model}/rounds/0/shares/ME          0 0       + -     - -      + -
      PUT    /v1/models/{model}/rounds/0/shares/someone     0 0       - -     - -      + -
      GET    /v1/models/{model}/rounds/0/shares/ME          0 0       + -     + -      + -
      GET    /v1/models/{model}/rounds/0/shares/someone     0 0       - -     + -      + -
      PUT    /v1/models/{model}/rounds/0/unmasking/ME       0 0       + -     - -      + -
      PUT    /v1/models/{model}/rounds/0/unmasking/someone  0 0       - -     - -      + -
      GET    /v1/models/{model}/rounds/0/unmasking/ME       0 0       + -     + -      + -
      GET    /v1/models/{model}/rounds/0/unmasking/someone  0 0       - -     + -      + -
      GET    /v1/models/{model}/rounds/0/members            0 0       - -     + -      + -
      GET    /v1/models/{model}/rounds/0/roster             0 0       + -     + -      + -
      GET    /v1/models/{model}/refusals                    0 0       - -     + -      + -
      DELETE /v1/models/{model}                             0 0       - -     - -      + -
      GET    /v1/models/{model}/                            0 0       + -     + -      + -
      PUT    /v1/models/{model}/                            0 0       - -     - -      + -
      GET    /v1/models/{model}/weights/                    0 0       + -     + -      + -
      POST   /v1/models/{model}/start/                      0 0       - -     - -      + -
      PUT    /v1/models/{model}/rounds/0/updates/           0 0       + -     + -      + -
      PUT    /v1/models/{model}/rounds/0/updates/ME/        0 0       + -     - -      + -
      PUT    /v1/models/{model}/rounds/0/updates/someone/   0 0       - -     - -      + -
      GET    /v1/models/{model}/optimizer/state/            0 0       - -     + -      + -
      GET    /actuator/health/                              0 0       - -     - -      - -
      """;

  private static final List<String> CALLERS = List.of("", "client", "observer", "admin");
  private static final String OWN = "mine-1";
  private static final String OTHER = "other";
  private static final String SPEC = "{\"tensors\": {\"w\": [3]}}";

  @TempDir private static Path folder;
  private static Path tokensFile;
  private static Server server;

  @BeforeAll
  static void start() throws IOException {
    tokensFile = folder.resolve("tokens.json");
    Files.writeString(
        tokensFile,
        file("gone observer mine-*", "lowered observer mine-*", "elsewhere observer mine-*"));
    var properties = new ArrayList<String>();
    List<List<String>> tokens =
        List.of(
            List.of("client", "client", "mine-*"),
            List.of("observer", "observer", "mine-*"),
            List.of("admin", "admin", "mine-*"),
            List.of("root", "admin", "*"),
            List.of("all-seeing", "observer", "*"));
    for (int i = 0; i < tokens.size(); i++) {
      String key = "fedstep.security.tokens[%s].".formatted(i);
      properties.add(key + "id=" + tokens.get(i).getFirst());
      properties.add(key + "sha256=" + Token.sha256(tokens.get(i).getFirst()));
      properties.add(key + "role=" + tokens.get(i).get(1));
      properties.add(key + "models=" + tokens.get(i).get(2));
    }
    properties.add("fedstep.security.tokens-file=" + tokensFile);
    server = Server.start(folder.resolve("data"), properties.toArray(String[]::new));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static Http as(String id) {
    return id.isEmpty() ? server.http() : server.http().as(id);
  }

  record Row(String method, String path, List<String> cells) {}

  private static Stream<Row> rows() {
    return TABLE
        .lines()
        .skip(1)
        .map(line -> line.split("\\s+"))
        .map(words -> new Row(words[0], words[1], List.of(words).subList(2, words.length)));
  }

  @ParameterizedTest
  @MethodSource("rows")
  void cells(Row row) {
    assertThat(row.cells()).hasSize(2 * CALLERS.size());
    for (String model : List.of(OWN, OTHER)) {
      as("root").putJson("/v1/models/" + model, SPEC);
    }
    for (int i = 0; i < row.cells().size(); i++) {
      String caller = CALLERS.get(i / 2);
      String path =
          row.path()
              .replace("{model}", i % 2 == 0 ? OWN : OTHER)
              .replace("ME", caller.isEmpty() ? "me" : caller);
      Reply reply = send(as(caller), row.method(), path);
      String cell = "%s as '%s': %s".formatted(path, caller, reply);
      if (row.method().equals("HEAD")) { // an answer without a body
        Integer expected = Map.of("0", 401, "-", 403).get(row.cells().get(i));
        if (expected != null) {
          assertThat(reply.status()).as(cell).isEqualTo(expected);
        } else {
          assertThat(reply.status()).as(cell).isNotIn(401, 403, 500);
        }
        continue;
      }
      switch (row.cells().get(i)) {
        case "0" -> {
          assertThat(reply.problem(401, "unauthorized").path("detail").asString())
              .startsWith("Say who you are");
          assertThat(reply.header("WWW-Authenticate")).as(cell).isEqualTo("Bearer");
        }
        case "-" -> reply.problem(403, "forbidden");
        default -> assertThat(reply.status()).as(cell).isNotIn(401, 403, 500);
      }
    }
  }

  @Test
  void client_underAnotherId_isToldBoth() {
    String detail =
        as("client")
            .put("/v1/models/mine-1/rounds/0/updates/someone", "{}", Http.JSON)
            .problem(403, "forbidden")
            .path("detail")
            .asString();
    assertThat(detail).contains("'client'", "'someone'");
  }

  private static Reply send(Http http, String method, String path) {
    return method.equals("PUT")
        ? http.put(path, "{}", Http.JSON)
        : http.send(method, path, BodyPublishers.noBody());
  }

  @Test
  void table_hasEveryEndpoint() {
    var handlers =
        server
            .context()
            .getBean("requestMappingHandlerMapping", RequestMappingHandlerMapping.class);
    var endpoints = new TreeMap<String, HandlerMethod>();
    for (Map.Entry<?, HandlerMethod> one : handlers.getHandlerMethods().entrySet()) {
      String text = one.getKey().toString();
      if (text.contains("/v1/")) {
        endpoints.put(text.replaceAll("[{}\\[\\] ]", "").replaceAll(",.*", ""), one.getValue());
      }
    }
    assertThat(endpoints).hasSizeGreaterThan(20);
    List<String> rows =
        rows()
            .flatMap(row ->
                Stream.of(row.method(), row.method().replace("HEAD", "GET"))
                    .map(method -> method + row.path().replaceAll("[{}]", "")))
            .toList();
    assertThat(endpoints.keySet())
        .allSatisfy(endpoint ->
            assertThat(rows).anySatisfy(row -> assertThat(shape(row)).isEqualTo(shape(endpoint))));
  }

  /** An endpoint without the names of its variables. */
  private static String shape(String endpoint) {
    return endpoint
        .replaceAll("/(versions|rounds)/(?!current)[^/]+", "/$1/*")
        .replaceAll(
            "/(updates|reports|failures|members|shares|unmasking|uploads|tags)/[^/]+", "/$1/*");
  }

  @Test
  void observerOfAllModels_seesTheServersFigures() {
    as("all-seeing").get("/actuator/prometheus").is(200);
    as("all-seeing").get("/actuator/health").is(200);
    as("all-seeing").head("/v1/models/" + OWN + "/rounds");
    as("root").get("/actuator/health").is(200);
  }

  @Test
  void list_showsOnlyOnesOwn() {
    for (String model : List.of(OWN, OTHER)) {
      as("root").putJson("/v1/models/" + model, SPEC);
    }
    assertThat(as("client").get("/v1/models").is(200).text()).contains(OWN).doesNotContain(OTHER);
    assertThat(as("root").get("/v1/models").is(200).text()).contains(OWN).contains(OTHER);
  }

  @Test
  void stranger_learnsNoNames() {
    as("root").putJson("/v1/models/" + OWN, SPEC);
    Http http = server.http();
    assertThat(http.get("/v1/models/" + OWN).body())
        .isEqualTo(http.get("/v1/models/no-such-model").body());
    assertThat(as("client").get("/v1/models/other").body())
        .isEqualTo(as("client").get("/v1/models/no-such-model").body());
  }

  @Test
  void wrongToken_isRefusedWithTheReason() {
    Reply reply = server.http().as("guess").get("/v1/models");
    assertThat(reply.problem(401, "unauthorized").path("detail").asString())
        .contains("not known here");
    assertThat(reply.header("WWW-Authenticate")).contains("invalid_token");
    server.http().get("/v1/models", "Authorization: Bearer").problem(401, "unauthorized");
    Reply basic = server.http().get("/v1/models", "Authorization: Basic YTpi");
    assertThat(basic.problem(401, "unauthorized").path("detail").asString())
        .startsWith("Say who you are");
    assertThat(basic.header("WWW-Authenticate")).isEqualTo("Bearer");
  }

  @Test
  void pageOfAnotherOrigin_isRefused_withCredentialsToo() {
    Http root = as("root");
    root.putJson("/v1/models/" + OWN, SPEC);
    String stop = "/v1/models/" + OWN + "/stop";
    for (String field : List.of("Origin: http://evil.example", "Sec-Fetch-Site: same-site")) {
      root.send("POST", stop, BodyPublishers.noBody(), field).problem(403, "forbidden");
      root.get("/v1/models", field).problem(403, "forbidden");
      server.http().get("/", field).problem(403, "forbidden");
    }
    String own = "Origin: http://127.0.0.1:" + server.http().port();
    root.send("POST", stop.replace("stop", "start"), BodyPublishers.noBody(), own).is(200);
    server
        .http()
        .get(
            "/",
            "Sec-Fetch-Site: cross-site",
            "Sec-Fetch-Mode: navigate",
            "Sec-Fetch-Dest: document")
        .is(200);
  }

  @Test
  void whoMayNoLonger_waitsAndFollowsNoLonger() throws IOException {
    as("root").putJson("/v1/models/" + OWN, SPEC);
    String model = "/v1/models/" + OWN;
    List<String> callers = List.of("gone", "lowered", "elsewhere");
    var streams = new ArrayList<CompletableFuture<Long>>();
    var waits = new ArrayList<CompletableFuture<Reply>>();
    for (String caller : callers) {
      Http http = as(caller);
      String tag = http.get(model + "/weights").is(200).header("ETag");
      var lines = http.lines(model + "/events").iterator();
      assertThat(lines.next()).isEqualTo("event: round-opened");
      streams.add(
          CompletableFuture.supplyAsync(
              () -> Stream.generate(lines::hasNext).takeWhile(more -> next(more, lines)).count()));
      waits.add(http.getLater(model + "/weights?wait=60s", "If-None-Match: " + tag));
      waits.add(http.getLater(model + "/rounds/current?after=99&wait=60s"));
    }
    try (var audit = new Audit()) {
      Files.writeString(tokensFile, file("lowered client mine-*", "elsewhere observer other"));
      streams.forEach(CompletableFuture::join);
      assertThat(audit.lines(model + "/events", 3))
          .extracting(line -> line.replaceFirst(" from=.*", ""))
          .containsExactlyInAnyOrder(
              "refused status=401 by=gone role=observer",
              "refused status=403 by=lowered role=observer",
              "refused status=403 by=elsewhere role=observer");
    }
    List<Integer> statuses = waits.stream().limit(2).map(wait -> wait.join().status()).toList();
    assertThat(statuses).containsExactly(401, 401);
    assertThat(waits.getFirst().join().header("WWW-Authenticate")).contains("invalid_token");
    waits.get(4).join().problem(403, "forbidden");
    waits.get(5).join().problem(403, "forbidden");
    assertThat(waits.get(2)).isNotDone(); // a client waits for its weights, too
    as("lowered").get(model + "/events").problem(403, "forbidden");
  }

  private static boolean next(boolean more, Iterator<String> lines) {
    if (more) {
      String _ = lines.next();
    }
    return more;
  }

  /** A file of tokens, each given as id, role and models. */
  private static String file(String... callers) {
    return Stream.of(callers)
        .map(caller -> caller.split(" "))
        .map(caller ->
            "{\"id\": \"%s\", \"sha256\": \"%s\", \"role\": \"%s\", \"models\": [\"%s\"]}"
                .formatted(caller[0], Token.sha256(caller[0]), caller[1], caller[2]))
        .collect(joining(",", "{\"tokens\": [", "]}"));
  }

  @Test
  void audit_hasChangesByAdmins_andRefusals_butNoTokens() {
    try (var audit = new Audit()) {
      as("root").putJson("/v1/models/mine-2", SPEC).is(201);
      as("root").get("/v1/models/mine-2").is(200);
      as("client").putJson("/v1/models/mine-2/rounds/0/updates/client", "{}").is(400);
      as("client").delete("/v1/models/mine-2").is(403);
      server.http().as("guess").delete("/v1/models/mine-2").is(401);
      as("root").delete("/v1/models/mine-2").is(204);
      assertThat(audit.lines("/mine-2", 4))
          .extracting(line -> line.replaceFirst(" why=.*", ""))
          .containsExactly(
              "changed status=201 by=root role=admin from=127.0.0.1 PUT /v1/models/mine-2",
              "refused status=403 by=client role=client from=127.0.0.1 DELETE /v1/models/mine-2",
              "refused status=401 by=- role=- from=127.0.0.1 DELETE /v1/models/mine-2",
              "changed status=204 by=root role=admin from=127.0.0.1 DELETE /v1/models/mine-2");
      assertThat(audit.lines("guess")).isEmpty();
      server.http().as("guess").get("/v1/models/long-" + "x".repeat(7000)).is(401);
      assertThat(audit.lines("/long-", 1)).singleElement().asString().hasSizeLessThan(400);
    }
  }

  @Test
  void credentials_areInNoLine_atAnyLevel() throws IOException {
    String token = "0123456789-very-secret";
    try (var log = new TracedLog();
        var pieces = new RawRequest(server.http())) {
      pieces.send("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer 012345");
      as(token).get("/v1/models").is(401);
      server.http().get("/v1/models", "Authorization: Basic " + token).is(401);
      pieces.send("6789-very-secret\r\n\r\n").read().is(401);
      assertThat(log.lines()).as("what is told at this level").hasSizeGreaterThan(20);
      assertThat(log.lines())
          .allSatisfy(line -> assertThat(line).doesNotContain("very-secret", "Bearer 012345"));
    }
  }

  /** The whole log, at its finest level, and kept from the console. */
  private static final class TracedLog implements AutoCloseable {
    private final Logger root = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
    private final Map<Logger, Level> before = new HashMap<>();
    private final List<Appender<ILoggingEvent>> appenders = new ArrayList<>();
    private final ListAppender<ILoggingEvent> all = new ListAppender<>();

    TracedLog() {
      root.iteratorForAppenders().forEachRemaining(appenders::add);
      appenders.forEach(root::detachAppender);
      all.start();
      root.addAppender(all);
      for (Logger logger : root.getLoggerContext().getLoggerList()) {
        if (logger.getLevel() != null) {
          before.put(logger, logger.getLevel());
          logger.setLevel(Level.TRACE);
        }
      }
    }

    List<String> lines() {
      synchronized (all) {
        return all.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
      }
    }

    @Override
    public void close() {
      before.forEach(Logger::setLevel);
      root.detachAppender(all);
      appenders.forEach(root::addAppender);
    }
  }
}
