package io.fedstep.contract;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fedstep.process.ChildServer;
import io.fedstep.security.Token;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/**
 * A bad day on a real server with tokens and a disk of 24 MB: what its log, the alerts of a real
 * Prometheus and the dashboard tell, and whether the commands of the page for such days mend it.
 */
@Tag("slow")
class BadDayTest {
  private static final Path PAGE = Path.of("docs/OPERATIONS.md");
  private static final Path IMAGES =
      Path.of(System.getProperty("dashboard.images", "target/dashboard"));
  private static final int PARAMETERS = 50_000;
  private static final int FEW = 50;
  private static final int WELL = 10;
  private static final int ROUNDS = 5;

  @TempDir private Path folder;
  private Prometheus prometheus;
  private Browser browser;
  private ChildServer server;
  private int seen;
  private int morning;

  @BeforeEach
  void start() throws IOException, InterruptedException {
    assumeTrue(Prometheus.isInstalled(), "prometheus is not installed");
    assumeTrue(Browser.isInstalled(), "chromium or chromedriver is not installed");
    Files.createDirectory(folder.resolve("disk"));
    assumeTrue(
        bash("mount -t tmpfs -o size=24m,mode=700 fedstep disk").waitFor() == 0,
        "no disk can be mounted here, which takes root");
    writeTokens("ada", "olga");
    prometheus = Prometheus.start(folder.resolve("prometheus"), "prometheus");
    browser = new Browser();
    startServer();
  }

  @AfterEach
  void stop() throws IOException, InterruptedException {
    if (server != null) {
      server.close();
    }
    if (browser != null) {
      browser.close();
    }
    if (prometheus != null) {
      prometheus.close();
      run("umount -l disk");
    }
  }

  private void startServer() {
    server =
        ChildServer.start(
            folder.resolve("disk/data"),
            "-Xmx128m",
            "-Dfedstep.security.tokens-file=" + folder.resolve("tokens.json"),
            "-Dfedstep.keep-versions=2",
            "-Dlogging.file.name=" + folder.resolve("log"));
    prometheus.watch(server.port());
  }

  private void writeTokens(String... admins) throws IOException {
    var tokens = new ArrayList<Map<String, Object>>();
    for (String admin : admins) {
      tokens.add(token(admin, "admin"));
    }
    for (String client : List.of("alice", "bob", "carol")) {
      tokens.add(token(client, "client"));
    }
    tokens.add(token("prometheus", "observer"));
    Path next = folder.resolve("tokens.next");
    Files.write(next, JsonMapper.shared().writeValueAsBytes(Map.of("tokens", tokens)));
    Files.move(next, folder.resolve("tokens.json"), StandardCopyOption.REPLACE_EXISTING);
  }

  private static Map<String, Object> token(String id, String role) {
    return Map.of("id", id, "sha256", Token.sha256(id), "role", role, "models", List.of("*"));
  }

  // What is done

  private Process bash(String command) throws IOException {
    return new ProcessBuilder("bash", "-c", command)
        .directory(folder.toFile())
        .redirectErrorStream(true)
        .start();
  }

  private String run(String command) throws IOException, InterruptedException {
    Process process = bash(command);
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as("%s: %s", command, output).isZero();
    return output;
  }

  /** Has ada run a command as the page has it, of a model in place of m. */
  private String does(String model, String command) throws IOException, InterruptedException {
    assertThat(Files.readString(PAGE)).contains("`" + command + "`");
    return run(
        command
            .replaceFirst("^curl ", "curl -sS -H 'Authorization: Bearer ada' ")
            .replace("S/", server.uri("/").toString())
            .replace("/models/m", "/models/" + model));
  }

  private Http as(String who) {
    return new Http(server.port()).as(who);
  }

  private Model model(String who, String name) {
    return new Model(as(who), name);
  }

  private void create(String name, int parameters, String round) {
    model("ada", name)
        .putJson(
            "",
            """
            {"tensors": {"w": [%s]}, "optimizer": {"lrate": 1.0, "modules": ["rmsprop"]},
             "round": %s}\
            """
                .formatted(Integer.toString(parameters), round))
        .is(201);
  }

  private Reply send(String name, int round, String client, float value) {
    int parameters = name.startsWith("well") ? FEW : PARAMETERS;
    var body = ByteBuffer.allocate(4 * parameters).order(ByteOrder.LITTLE_ENDIAN);
    while (body.hasRemaining()) {
      body.putFloat(value);
    }
    return model(client, name).putOctets(Model.update(round, client), body.array());
  }

  private void train(String name, int round, float value) {
    send(name, round, "alice", value).is(201);
    send(name, round, "bob", value).is(201);
    model("alice", name).awaitVersion(round + 1);
  }

  // What is seen

  /** The lines of the log since the last call, once there is one with a text. */
  private List<String> log(String text) throws IOException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (true) {
      List<String> all = Files.readAllLines(folder.resolve("log"));
      List<String> news =
          all.subList(seen, all.size()).stream()
              .map(line ->
                  line.replaceFirst("^\\S+ +([A-Z]+) .*? : ", "$1 ").replace(folder.toString(), ""))
              .toList();
      if (news.stream().anyMatch(line -> line.contains(text))) {
        seen = all.size();
        return news;
      }
      assertThat(System.nanoTime()).as("%s in %s", text, news).isLessThan(end);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
    }
  }

  private String health() {
    return as("prometheus").get("/actuator/health").is(200).json().path("status").asString();
  }

  private void open(String path) {
    browser.open(server.uri(path).toString());
  }

  private void picture(String name) {
    DashboardTest.write(IMAGES.resolve(name), browser.picture());
  }

  @Test
  void badDay_isTold_andMended() throws Exception {
    browser.resize(1200, 560, false);
    morning();
    corruptVersion();
    divergingModel();
    clientThatNeverAnswers();
    fullDisk();
    open("/");
    browser.awaitText("5 models", "waits: There is no room", "last round not finite");
    browser.awaitText("deadline passed", "weights.safetensors is corrupt");
    picture("bad-day.png");
    roomAgain();
    answeredWithoutHim();
    olderWeights();
    backUp();
    accidentalDelete();
    adminLeaves();
    assertThat(health()).isEqualTo("UP");
    System.out.printf("a bad day wrote %s lines%n", seen - morning);
  }

  /** A round is a line, and nothing else is. */
  private void morning() throws IOException {
    for (int i = 0; i < WELL; i++) {
      create("well-" + i, FEW, "{\"min_updates\": 2, \"max_updates\": 2}");
    }
    for (int round = 0; round < ROUNDS; round++) {
      for (int i = 0; i < WELL; i++) {
        train("well-" + i, round, 0.01f);
      }
    }
    List<String> lines = log("model well-%s: round %s closed".formatted(WELL - 1, ROUNDS - 1));
    assertThat(lines).hasSize(1 + WELL + WELL * ROUNDS);
    assertThat(lines).filteredOn(line -> line.contains(" closed with ")).hasSize(WELL * ROUNDS);
    assertThat(prometheus.firing())
        .as("of a disk of 24 MB, of which a day's models are half")
        .isSubsetOf("FedstepStorageFillsUp");
    for (int i = 0; i < WELL; i++) {
      as("ada").delete("/v1/models/well-" + i).is(204);
    }
    for (String name : List.of("digits", "notes", "scans", "wards")) {
      create(name, PARAMETERS, "{\"min_updates\": 2, \"max_updates\": 2}");
      IntStream.range(0, 2).forEach(round -> train(name, round, 0.01f));
    }
    open("/");
    browser.find("#token").sendKeys("ada\n");
    browser.awaitText("4 models, 4 collecting updates");
    log("model wards: round 1 closed");
    morning = seen;
  }

  private void corruptVersion() throws IOException, InterruptedException {
    run(Path.of("docker/backup.sh").toAbsolutePath() + " disk/data backup");
    run(
        "printf x | dd of=disk/data/models/notes/versions/0000002/weights.safetensors bs=1 seek=999"
            + " conv=notrunc");
    send("notes", 2, "alice", 0.01f).is(201);
    send("notes", 2, "bob", 0.01f).is(201);
    prometheus.awaitFiring("FedstepModelFailed notes");
    assertThat(health()).isEqualTo("DEGRADED");
    assertThat(does("notes", "curl S/v1/models/m"))
        .contains("versions/0000002/weights.safetensors is corrupt: expected crc32c:", "found crc");
    assertThat(log("ERROR"))
        .singleElement()
        .asString()
        .startsWith("ERROR model notes is stopped by a failure: /disk/data/models/notes/");
  }

  private void divergingModel() throws IOException, InterruptedException {
    train("scans", 2, 3e38f);
    prometheus.awaitFiring("FedstepRoundNotFinite scans");
    assertThat(does("scans", "curl 'S/v1/models/m/rounds?limit=5'")).contains("\"not-finite\"");
    assertThat(log("not finite"))
        .singleElement()
        .asString()
        .startsWith("WARN model scans: round 2 would have made weights that are not finite, with 2")
        .endsWith("by alice; version 3 repeats the one before");
    open("/#/models/scans");
    browser.awaitText("last round not finite");
  }

  private void clientThatNeverAnswers() throws IOException {
    create("late", PARAMETERS, "{\"min_updates\": 3, \"max_updates\": 3, \"timeout\": \"4s\"}");
    log("PUT /v1/models/late");
    send("late", 0, "alice", 0.01f).is(201);
    send("late", 0, "bob", 0.01f).is(201);
    prometheus.awaitFiring("FedstepRoundPastDeadline late");
    assertThat(log("late: the deadline"))
        .containsExactly(
            "WARN model late: the deadline of round 0 passed with 2 of 3 updates; it stays open");
    open("/#/models/late");
    browser.awaitText("deadline passed", "2 of 3 updates", "1 more needed to close");
  }

  private void fullDisk() throws IOException, InterruptedException {
    var _ = bash("dd if=/dev/zero of=disk/filler bs=1k").waitFor();
    send("digits", 2, "alice", 0.01f).is(201); // its place is taken since the round before
    send("digits", 2, "bob", 0.01f).is(201);
    prometheus.awaitFiring("FedstepStorageLow", "FedstepModelFailed notes");
    assertThat(does("digits", "curl S/v1/models/m"))
        .contains(
            "\"phase\":\"closing\"", "its version waits: There is no room left on the server");
    for (int i = 0; i < 20; i++) { // asked as often as a health check does
      assertThat(health()).isEqualTo("DEGRADED");
    }
    assertThat(log("ERROR"))
        .filteredOn(line -> !line.matches("WARN model well-\\d, .* its room was needed"))
        .singleElement()
        .asString()
        .startsWith("ERROR model digits: the next version cannot be made yet: /disk/data/")
        .endsWith("No space left on device");
    open("/#/models/digits");
    browser.awaitText("its version waits: There is no room", "closed; its version is being made");
    assertThat(browser.text()).doesNotContain("needed are in", "due now", "no deadline");
  }

  private void roomAgain() throws IOException, InterruptedException {
    open("/#/models/digits");
    browser.awaitText("its version waits: There is no room");
    run("rm disk/filler");
    model("alice", "digits").awaitVersion(3);
    browser.awaitText("Open round 3");
    browser.awaitTrue("!document.body.innerText.includes('There is no room')");
    assertThat(log("model digits: round 2 closed")).hasSize(1);
  }

  private void answeredWithoutHim() throws IOException, InterruptedException {
    assertThat(does("late", "curl S/v1/models/m/rounds/current")).contains("\"updates\":2");
    does(
        "late",
        "curl -X PUT S/v1/models/m/round -H 'Content-Type: application/json'"
            + " -d '{\"min_updates\": 2, \"max_updates\": 5, \"timeout\": \"600s\"}'");
    does("late", "curl -X POST S/v1/models/m/rounds/current/close");
    model("alice", "late").awaitVersion(1);
    log("model late: round 0 closed");
  }

  private void olderWeights() throws IOException, InterruptedException {
    byte[] good = model("alice", "scans").get("/versions/3/weights").is(200).body();
    does("scans", "curl -X POST S/v1/models/m/stop");
    run(
        "curl -sSf -H 'Authorization: Bearer ada' -X POST %s/versions/3/restore"
            .formatted(server.uri("/v1/models/scans")));
    does(
        "scans",
        "curl -X PUT S/v1/models/m/optimizer -H 'Content-Type: application/json'"
            + " -d '{\"lrate\": 0.001, \"modules\": [\"rmsprop\"]}'");
    does(
        "scans",
        "curl -X PUT S/v1/models/m/update-bound -H 'Content-Type: application/json'"
            + " -d '{\"max_norm\": 10, \"action\": \"clip\"}'");
    does("scans", "curl -X POST S/v1/models/m/start");
    assertThat(model("alice", "scans").weights()).isEqualTo(good);
    train("scans", 4, 3e38f);
    assertThat(model("ada", "scans").get("/rounds/4").is(200).json().path("outcome").asString())
        .isEqualTo("completed");
    log("model scans: round 4 closed");
  }

  private void backUp() throws IOException, InterruptedException {
    server.close();
    onFolder("mv data/models/m /somewhere");
    onFolder("cp -a /backups/2026-01-31/models/m data/models/");
    startServer();
    train("notes", 2, 0.01f);
    assertThat(health()).isEqualTo("UP");
    log("model notes: round 2 closed");
  }

  /** Runs a command as the page has it on this test's folders, of notes in place of m. */
  private void onFolder(String command) throws IOException, InterruptedException {
    assertThat(Files.readString(PAGE)).contains("`" + command + "`");
    run(
        command
            .replace("/somewhere", "somewhere")
            .replace("/backups/2026-01-31/", "backup/")
            .replace(" data/", " disk/data/")
            .replace("models/m", "models/notes"));
  }

  private void accidentalDelete() throws IOException, InterruptedException {
    byte[] before = model("alice", "wards").weights();
    send("wards", 2, "alice", 0.01f).is(201);
    as("ada").delete("/v1/models/wards").is(204);
    assertThat(does("wards", "curl S/v1/deleted")).contains("\"wards\"");
    does("wards", "curl -X POST S/v1/models/m/undelete");
    assertThat(model("alice", "wards").weights()).isEqualTo(before);
    send("wards", 2, "bob", 0.01f).is(201);
    model("alice", "wards").awaitVersion(3);
    assertThat(log("model wards: round 2 closed"))
        .anySatisfy(line -> assertThat(line).contains("by=ada", "DELETE /v1/models/wards"))
        .hasSize(3);
  }

  private void adminLeaves() throws IOException {
    open("/#/models/digits"); // of another port, so that the browser knows no token of it
    browser.find("#token").sendKeys("ada\n");
    browser.awaitText("Actions", "Open round 3");
    writeTokens("olga");
    browser.awaitText("This server asks for a token");
    as("ada").delete("/v1/models/wards").problem(401, "unauthorized");
    as("olga").post("/v1/models/wards/stop").is(200);
    as("olga").post("/v1/models/wards/start").is(200);
    assertThat(log("POST /v1/models/wards/start"))
        .anySatisfy(line -> assertThat(line).contains("was read again", "went: ada"))
        .anySatisfy(line -> assertThat(line).contains("by=olga", "POST /v1/models/wards/stop"));
  }
}
