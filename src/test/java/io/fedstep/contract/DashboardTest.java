package io.fedstep.contract;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpServer;
import io.fedstep.secure.TestMember;
import io.fedstep.security.Token;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;

/** The dashboard in a real browser. */
@Tag("slow")
class DashboardTest {
  private static final int WIDTH = 1200;
  private static final int HEIGHT = 900;
  private static final int PHONE_WIDTH = 360;
  private static final int PHONE_HEIGHT = 740;

  /** The rows of clients: name, state, weight, what each told and sent. */
  private static final String CLIENTS =
      """
      return [...document.querySelectorAll("[aria-labelledby='s-clients'] tbody tr")].map((row) =>
        [0, 1, 2, 5, 6].map((i) => row.cells[i].innerText).filter((text) => text && text !== '–').join(' '));
      """;

  /** The rows of tags: tag, version, and what was reported. */
  private static final String TAGS =
      """
      return [...document.querySelectorAll("[aria-labelledby='s-tags'] tbody tr")].map((row) =>
        [0, 1, 3].map((i) => row.cells[i].innerText).join(' '));
      """;

  /** What has the focus: its tag, its name, and the width of its outline. */
  private static final String FOCUS =
      """
      const at = document.activeElement;
      const name = (at.getAttribute('aria-label') ?? at.textContent).trim() || at.id;
      const box = at.getBoundingClientRect();
      const style = getComputedStyle(at);
      return [at.tagName, name.slice(0, 40), style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth),
        box.bottom > 0 && box.top < innerHeight];
      """;

  @TempDir private static Path data;
  @TempDir private static Path dataWithTokens;
  private static Browser browser;
  private static Server trained;

  @BeforeAll
  static void start() throws Exception {
    assumeTrue(Browser.isInstalled(), "chromium or chromedriver is not installed");
    trained = Server.start(data, "spring.profiles.active=demo", "fedstep.security.insecure=true");
    TrainedDigits.prepare(trained);
    browser = new Browser();
  }

  @AfterAll
  static void stop() {
    if (browser != null) {
      browser.close();
      trained.close();
    }
  }

  @AfterEach
  void pageIsAtPeace() {
    assertThat(browser.complaints()).isEmpty();
    browser.scheme("light");
    browser.resize(WIDTH, HEIGHT, false);
  }

  private static String address(Http http, String path) {
    return "http://127.0.0.1:" + http.port() + path;
  }

  private static void open(Model model) {
    open(model, "No round has ended yet.");
  }

  private static void open(Model model, String... texts) {
    browser.open(address(model.http(), "/#/models/" + model.name()));
    browser.awaitText(model.name(), "Live");
    browser.awaitText(texts);
  }

  @Test
  void models_areShown_withTheirOpenRound() {
    Model.create(Model.plain(1, 1)); // of one model alone there is nothing to filter
    Model model = Model.create(Model.plain(2, 4));
    browser.open(address(model.http(), "/"));
    browser.awaitText("Live", "Models");
    browser.find("#filter").sendKeys(model.name()); // beside those of all other tests
    browser.awaitText(model.name(), "0 of 4 updates");
    assertThat(browser.findAll(".model")).hasSize(1);
    model.submit(0, "alice", update(0.5)).is(201);
    browser.awaitText("1 of 4 updates");
    browser.find(".model a").click();
    browser.awaitText("Open round 0", "1 of 4 updates", "alice");
    assertThat(browser.list("return [document.title]"))
        .containsExactly(model.name() + " – fedstep");
  }

  private static String update(double loss) {
    return """
    {"gradient": [1, 2, 3], "weight": 7, "metrics": {"loss": %s}}\
    """
        .formatted(loss);
  }

  @Test
  void round_thatCompletes_appearsWithoutReload() {
    Model model = Model.create(Model.plain(2, 2));
    open(model);
    browser.run("window.notReloaded = true");
    model.submit(0, "alice", update(0.5)).is(201);
    browser.awaitText("1 of 2 updates", "1 more needed", "alice");
    model.submit(0, "bob", update(0.75)).is(201);
    browser.awaitText(
        "Open round 1", "0 of 2 updates", "completed", "loss 0.625".replace(' ', '\n'));
    for (int round = 1; round < 4; round++) {
      model.submit(round, "alice", update(0.5 - round / 10.0)).is(201);
      model.submit(round, "bob", update(0.5 - round / 10.0)).is(201);
      model.awaitVersion(round + 1);
    }
    browser.awaitText("Version 4", "Open round 4");
    browser.awaitTrue(
        """
        document.querySelector('.plot')?.getAttribute('aria-label')\
        ?.includes('loss over rounds 0 to 3: 0.625 at first, 0.2 at last')\
        """);
    browser.find("button[aria-label='Updates of round 3']").click();
    browser.awaitText("loss 0.2", " of 12 B", "crc32c:");
    assertThat(browser.run("return window.notReloaded")).isEqualTo(true);
  }

  @Test
  void refusedUpdate_showsItsReason() {
    Model model = Model.create(Model.plain(2, 2));
    open(model);
    model.submit(0, "mallory", "{\"gradient\": [1, NaN, 3]}").problem(422, "not-finite");
    browser.awaitText("mallory", "422 not-finite", "The value 1 of tensor 'w' is NaN");
    model.submit(9, "alice", update(1)).problem(409, "round-not-open");
    browser.awaitText("409 round-not-open", "Round 9 is not open yet");
  }

  @Test
  void clients_areInMissingOrFailed_andCanBeSearched() {
    Model model = Model.create(Model.plain(3, 3));
    for (String client : List.of("alice", "bob", "carol")) {
      model.submit(0, client, update(0.5)).is(201);
    }
    model.awaitVersion(1);
    model.submit(1, "alice", update(0.5)).is(201);
    model
        .putJson("/rounds/1/failures/bob", "{\"error\": \"ValueError\", \"detail\": \"no data\"}")
        .is(204);
    browser.open(address(model.http(), "/#/models/" + model.name()));
    browser.awaitText("1 in, 1 of the last round missing, 1 told of a failure");
    assertThat(browser.list(CLIENTS))
        .containsExactly(
            "bob failed ValueError: no data", "carol missing", "alice in 7 62 B of 12 B");
    browser.find("#client").sendKeys("aro");
    browser.awaitText("1 of 1 that match are shown");
    assertThat(browser.list(CLIENTS)).containsExactly("carol missing");
  }

  @Test
  @OneMachine("several machines refuse scaffold-server")
  void localRates_areShown_ofAModelWithControls() {
    Model model = Model.create(ScaffoldTest.spec(", \"round\": {\"min_updates\": 2}"));
    ScaffoldTest.submit(model, 0, "alice", "?local_rate=0.5", 0.5, -1).is(201);
    open(model, "Controls", "each update says its local rate", "1 of 2 updates");
    assertThat(browser.list(CLIENTS))
        .containsExactly("alice in 1 8 B of 8 B, local rate 0.5, no control before");
    ScaffoldTest.submit(model, 0, "bob", "?local_rate=0.25", 1, 0).is(201);
    model.awaitVersion(1);
    browser.awaitText("Open round 1");
    ScaffoldTest.submit(model, 1, "alice", "?local_rate=0.5&control=0", 1, 0).is(201);
    browser.awaitText("local rate 0.5, control of round 0");
    ScaffoldTest.submit(model, 1, "bob", "?local_rate=0.25", 1, 0).problem(409, "control-differs");
    browser.awaitText("409 control-differs");
    browser.find("button[aria-label='Updates of round 0']").click();
    browser.awaitText("local rate 0.25", "crc32c:");
  }

  @Test
  void refusals_areCountedByReason() {
    Model model = Model.create(Model.plain(2, 2));
    open(model);
    model.submit(9, "alice", update(1)).problem(409, "round-not-open");
    model.submit(9, "bob", update(1)).problem(409, "round-not-open");
    model.submit(0, "bob", "{\"gradient\": [1]}").problem(422, "wrong-length");
    browser.awaitText("round-not-open 2", "wrong-length 1");
  }

  @Test
  void privateModel_showsWhatIsSpent_besideItsBudget() {
    Model model =
        Model.create(
            """
            {"tensors": {"w": [3]}, "aggregator": ["averaging", {"steps_weighted": false}],
             "privacy": {"clip_norm": 1.0, "noise_multiplier": 2, "epsilon": 4, "delta": 1e-5}}\
            """);
    open(
        model,
        "Privacy",
        "ε 0 of 4",
        "0 rounds paid for, 3 left",
        "noise multiplier 2 by the server");
    model.submit(0, "alice", update(0.5)).is(201);
    browser.awaitText("ε 1.993 of 4", "1 round paid for, 2 left");
    browser.awaitTrue(
        """
        [...document.querySelectorAll('.plot')].some((plot) => plot.getAttribute('aria-label')\
        ?.startsWith('Privacy spent (ε) over rounds 0 to 0: 1.993') &&\
        plot.getAttribute('aria-label').endsWith(', of at most 4'))\
        """);
    for (int round = 1; round < 3; round++) {
      model.submit(round, "alice", update(0.5)).is(201);
      model.awaitVersion(round + 1);
    }
    browser.awaitText("outside of what privacy promises");
    browser.awaitText("stopped", "ε 3.709 of 4", "3 rounds paid for; nothing is left for another");
    assertReadableAndLabelled();
  }

  @Test
  @OneMachine("several machines refuse secure models")
  void secureRound_showsItsStages() {
    Model model =
        Model.create(
            """
            {"tensors": {"w": [3]}, "round": {"min_updates": 3, "max_updates": 3, "timeout": "10m"},
             "secure": {"clip": 8, "share_timeout": "10m"}}\
            """);
    open(model, "joining", "0 of 3 members joined", "3 more needed to close");
    join(model, "ann");
    browser.awaitText("1 of 3 members joined", "1 in, 0 of the last round missing");
    assertThat(browser.list(CLIENTS)).containsExactly("ann in joined");
    join(model, "ben");
    join(model, "cem");
    browser.awaitText(
        "sharing",
        "0 of 3 members shared their keys",
        "Masked: 3 joined, 0 shared, 0 sent, 0 answered; 3 have to go all the way.",
        "0 in, 3 still to come");
    assertThat(browser.list(CLIENTS))
        .containsExactly(
            "ann missing joined, and has not shared its keys",
            "ben missing joined, and has not shared its keys",
            "cem missing joined, and has not shared its keys");
    assertReadableAndLabelled();
  }

  private static void join(Model model, String client) {
    var member = new TestMember(client, model.base(), 1);
    model.putJson("/rounds/0/members/" + client, SecureTest.body(member.join())).is(201);
  }

  @Test
  void roundThatWasAbandoned_isTrouble() {
    Model model =
        Model.create(
            """
            {"tensors": {"w": [3]}, "aggregator": ["averaging", {"steps_weighted": false}],
             "round": {"participation": 0.9, "max_updates": 2, "timeout": "60m"},
             "privacy": {"clip_norm": 1.0, "noise_multiplier": 2, "delta": 1e-5,
                         "expected_updates": 1}}\
            """);
    List<String> invited =
        IntStream.range(0, 99)
            .mapToObj(i -> "client-" + i)
            .filter(client ->
                model
                    .get("/rounds/current?client=" + client)
                    .is(200)
                    .json()
                    .path("invited")
                    .asBoolean())
            .limit(3)
            .toList();
    model.submit(0, invited.get(0), update(0.5)).is(201);
    model.submit(0, invited.get(1), update(0.5)).is(201);
    model.submit(0, invited.get(2), update(0.5)).problem(410, "round-closed");
    model.awaitVersion(1);
    open(model, "Version 1", "abandoned");
    browser.open(address(model.http(), "/"));
    browser.awaitText("Live", "Models");
    browser.find("#filter").sendKeys(model.name()); // it looks at the rounds of those it shows
    browser.awaitText(model.name(), "last round abandoned");
    model.http().delete(model.path("")).is(204);
  }

  @Test
  void tags_areListed_withWhatIsReportedOfTheirVersions() {
    Model model = Model.create(Model.plain(1, 1));
    model.advance("[1, 2, 3]");
    open(model, "Version 1");
    browser.reload(); // so that nothing was said a moment ago
    browser.awaitText("Version 1", "Live");
    assertThat(browser.text()).doesNotContain("Tags");
    button("main", "Tag").click();
    browser.find("#q-tag").sendKeys("shipped");
    button("dialog", "Tag it").click();
    browser.awaitText("Version 1 is tagged shipped.", "Tags");
    assertThat(browser.list(TAGS)).containsExactly("shipped 1 –");
    model
        .putJson("/versions/1/reports/lab", "{\"metrics\": {\"accuracy\": 0.875}}")
        .is(201); // which an event tells
    browser.awaitText("accuracy 0.875 (1)");
    assertThat(browser.list(TAGS)).containsExactly("shipped 1 accuracy 0.875 (1)");
    browser.awaitTrue(
        "document.getElementById('said').textContent.includes('lab reports of version 1')");
    act("Untag", "Its version is not kept", "Untag it");
    browser.awaitText("The tag shipped is gone.");
    browser.awaitTrue("!document.body.innerText.includes('Tags')");
  }

  @Test
  void modelInTrouble_isFirst_andSaysWhy() {
    Model well = Model.create(Model.plain(1, 2));
    Model late =
        Model.create(
            """
            {"tensors": {"w": [3]}, "round": {"min_updates": 1, "max_updates": 2, "timeout": "1s"}}\
            """);
    browser.open(address(late.http(), "/"));
    browser.awaitText(late.name(), "deadline passed");
    assertThat(browser.findAll(".model h2 a").getFirst().getText()).isNotEqualTo(well.name());
    browser.find("#phase option[value='in trouble']").click();
    browser.awaitText(late.name());
    assertThat(browser.findAll(".model h2 a"))
        .extracting(WebElement::getText)
        .contains(late.name())
        .doesNotContain(well.name());
    late.http().delete(late.path("")).is(204);
  }

  @Test
  void admin_isAskedBeforeAnythingChanges() {
    Model model = Model.create(Model.plain(1, 1));
    model.advance("[1, 2, 3]");
    open(model, "Actions", "Version 1");
    act("Stop", "Updates are refused from now on", "Leave it");
    assertThat(model.json("phase").asString()).isEqualTo("collecting");
    act("Stop", "Updates are refused from now on", "Stop it");
    browser.awaitText("Training is stopped.", "stopped");
    assertThat(model.json("phase").asString()).isEqualTo("stopped");
    act("Start", "Updates are taken again", "Start it");
    browser.awaitText("Training goes on.");
    act("Restore", "The open round and its updates are discarded", "Restore it");
    browser.awaitText("Version 1 was restored.", "Version 2");
    act("Close the round", "make the next version now", "Close it");
    browser.awaitText("Round 2 has 0 updates; 1 are needed");
    button("dialog", "Leave it").click();
    act("Delete", "are removed", "Delete it");
    browser.find("#q-name").sendKeys("another");
    button("dialog", "Delete it").click();
    browser.awaitText("That is not " + model.name());
    browser.find("#q-name").clear();
    browser.find("#q-name").sendKeys(model.name());
    button("dialog", "Delete it").click();
    browser.awaitText("Models");
    model.http().get(model.path("")).problem(404, "model-not-found");
    assertThat(browser.complaints())
        .allSatisfy(text -> assertThat(text).containsAnyOf("404", "409"));
  }

  private static void act(String action, String says, String answer) {
    button("main", action).click();
    browser.awaitText(says);
    if (!answer.equals("Delete it")) {
      button("dialog", answer).click();
    }
  }

  private static WebElement button(String within, String text) {
    return browser.find(within + " button", text);
  }

  @Test
  void failedModel_namesTheFile_andWhatToDo(@TempDir Path folder) throws IOException {
    HealthTest.modelsWithABadOne(folder);
    try (Server server = Server.start(folder)) {
      browser.open(address(server.http(), "/"));
      browser.awaitText("bad", "failed", "model.json is corrupt", "1 failed");
      assertThat(browser.findAll(".model h2 a").getFirst().getText()).isEqualTo("bad");
      browser.open(address(server.http(), "/#/models/bad"));
      browser.awaitText(
          "Stopped by a failure", "model.json is corrupt: expected", "from a back-up, or delete");
      assertThat(browser.complaints()).allSatisfy(text -> assertThat(text).contains("503"));
    }
  }

  @Test
  void modelThatIsDeleted_isGone() {
    Model model = Model.create(Model.plain(2, 2));
    open(model);
    model.http().delete(model.path("")).is(204);
    browser.awaitText("Not found", "There is no model '%s'.".formatted(model.name()));
    assertThat(browser.complaints()).allSatisfy(text -> assertThat(text).contains("404"));
  }

  @Test
  void whatClientsWrite_isNoMarkup() {
    Model model = Model.create(Model.plain(1, 2));
    open(model);
    String key = "<img src=x onerror=alert(1)>";
    model.submit(0, "mallory", "{\"gradient\": {\"%s\": [1]}}".formatted(key)).is(422);
    browser.awaitText("mallory", key);
    assertThat(browser.findAll("main img")).isEmpty();
  }

  @Test
  void token_isAskedFor_andKeptForTheTabOnly() {
    var properties = new ArrayList<String>();
    for (String role : List.of("admin", "observer", "client")) {
      String key = "fedstep.security.tokens[%s].".formatted(properties.size() / 4);
      properties.add(key + "id=" + role);
      properties.add(key + "sha256=" + Token.sha256("secret-" + role));
      properties.add(key + "role=" + role);
      properties.add(key + "models=*");
    }
    try (Server server = Server.start(dataWithTokens, properties.toArray(String[]::new))) {
      Model model = Model.create(server.http().as("secret-admin"), Model.plain(1, 2));
      browser.open(address(server.http(), "/"));
      browser.awaitText("This server asks for a token");
      assertThat(browser.text()).doesNotContain(model.name());
      assertReadableAndLabelled();
      enter("guess");
      browser.awaitText("not known here");
      enter("secret-observer");
      browser.awaitText(model.name(), "Live");
      browser.reload();
      browser.awaitText(model.name(), "Live");
      browser.find(".model a").click();
      browser.awaitText("Open round 0", "Live");
      assertThat(browser.list("return [document.cookie, localStorage.length]"))
          .containsExactly("", "0");
      assertThat(browser.text()).as("an observer changes nothing").doesNotContain("Actions");
      browser.newTab(address(server.http(), "/"));
      browser.awaitText("This server asks for a token");
      enter("secret-client"); // which may not see who else trains
      browser.awaitText(model.name());
      browser.find(".model a").click();
      browser.awaitText(
          "Open round 0", "'client' has the role client, which may not do this here.");
      Model drawn =
          Model.create(
              server.http().as("secret-admin"),
              """
              {"tensors": {"w": [3]}, "aggregator": ["averaging", {"steps_weighted": false}],
               "round": {"participation": 0.5, "max_updates": 2, "timeout": "60m"},
               "privacy": {"clip_norm": 1.0, "noise_multiplier": 2, "epsilon": 4, "delta": 1e-5,
                           "expected_updates": 1}}\
              """);
      browser.open(address(server.http(), "/#/models/" + drawn.name()));
      browser.awaitText("Open round 0", "updates are not told", "ε 0 of 4");
      browser.find("#forget").click();
      browser.awaitText("This server asks for a token");
      assertThat(browser.list("return [sessionStorage.length]")).containsExactly("0");
    }
    assertThat(browser.complaints())
        .allSatisfy(text -> assertThat(text).containsAnyOf("401", "403"));
  }

  @ParameterizedTest
  @CsvSource({"evil.example, fed.lan", "evil.example, localhost", "localhost, localhost"})
  void pageOfAnotherOrigin_changesNothing_butMayLinkHere(String page, String host)
      throws IOException {
    Http http = host.equals("fed.lan") ? trained.http() : Server.shared().http();
    Model model = Model.create(http, Model.plain(1, 2));
    model.submit(0, "alice", update(0.5)).is(201);
    String own = "http://%s:%s".formatted(host, http.port());
    HttpServer other =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    other.createContext(
        "/",
        exchange -> {
          byte[] html =
              "<a id='link' href='%s/#/models/%s'>x</a>"
                  .formatted(own, model.name())
                  .getBytes(UTF_8);
          exchange.getResponseHeaders().set("Content-Type", "text/html");
          exchange.sendResponseHeaders(200, html.length);
          exchange.getResponseBody().write(html);
          exchange.close();
        });
    other.start();
    try {
      browser.open("http://%s:%s/".formatted(page, other.getAddress().getPort()));
      for (String change : List.of("/stop", "/rounds/current/close", "/versions/0/restore")) {
        browser.run(
            "fetch(arguments[0], {method: 'POST', mode: 'no-cors'})"
                + ".finally(() => document.title = arguments[0])",
            own + model.path(change));
        browser.awaitTrue("document.title.endsWith('" + change + "')");
      }
      assertThat(model.json("phase").asString()).isEqualTo("collecting");
      assertThat(model.json("version").asInt()).isZero();
      browser.find("#link").click();
      browser.awaitText(model.name(), "Live");
    } finally {
      other.stop(0);
      browser.open("about:blank"); // no page is left that would ask for the model
      http.delete(model.path("")).is(204);
    }
    assertThat(browser.complaints()).allSatisfy(text -> assertThat(text).contains("403"));
  }

  private static void enter(String token) {
    WebElement input = browser.find("#token");
    input.sendKeys(token, Keys.ENTER);
  }

  // What is looked for on every page

  @ParameterizedTest
  @CsvSource({"light, /", "dark, /", "light, /#/models/digits", "dark, /#/models/digits"})
  void page_isReadable_andLabelled(String scheme, String path) {
    browser.scheme(scheme);
    show(path);
    if (path.contains("models")) {
      browser.run("document.querySelectorAll('summary, th > button').forEach(one => one.click())");
      browser.awaitText("Received", "\"dtype\": \"float32\"");
    }
    assertReadableAndLabelled();
  }

  private static void assertReadableAndLabelled() {
    assertThat(browser.list(script("contrast.js"))).isEmpty();
    assertThat(browser.list(script("labels.js"))).isEmpty();
  }

  /** Opens a page of the server that has trained, and waits until all of it is there. */
  private static void show(String path) {
    browser.open(address(trained.http(), path));
    browser.awaitText("digits", "7 of 10 updates", "deadline in");
    if (path.contains("models")) {
      browser.awaitText("client-10", "410 round-closed", "Show more of 100 rounds");
    } else {
      browser.awaitText("loss 0.0");
    }
  }

  private static String script(String name) {
    try (InputStream file = DashboardTest.class.getResourceAsStream("/dashboard/" + name)) {
      return new String(Objects.requireNonNull(file, name).readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/#/models/digits"})
  void phone_scrollsUpAndDownOnly(String path) {
    browser.resize(PHONE_WIDTH, PHONE_HEIGHT, true);
    show(path);
    assertThat(browser.list("return [document.documentElement.scrollWidth, innerWidth]"))
        .containsExactly("" + PHONE_WIDTH, "" + PHONE_WIDTH);
  }

  @Test
  void noOtherHost_isAsked() {
    browser.open(address(trained.http(), "/"));
    var _ = browser.origins();
    show("/");
    show("/#/models/digits");
    assertThat(browser.origins().stream().filter(origin -> origin.startsWith("http")))
        .containsExactly(address(trained.http(), ""));
    Reply page = trained.http().get("/").is(200);
    assertThat(page.header("Content-Security-Policy"))
        .contains("default-src 'none'", "script-src 'self'")
        .doesNotContain("unsafe", "http");
  }

  @Test
  void keyboard_reachesEverything_andShowsWhereItIs() {
    browser.open(address(trained.http(), "/"));
    browser.awaitText("digits", "loss");
    List<String> stops = tabThrough(12);
    assertThat(stops.subList(0, 3))
        .containsExactly("A Skip to the content", "A fedstep", "INPUT filter");
    assertThat(stops).contains("A digits", "A OpenAPI document");

    show("/#/models/digits");
    browser.run("document.activeElement.blur(); scrollTo(0, 0)");
    assertThat(tabThrough(30))
        .contains(
            "A All models",
            "SUMMARY As JSON",
            "DIV Rounds that ended, newest first",
            "BUTTON Updates of round 98",
            "BUTTON Show more of 100 rounds",
            "DIV Versions kept, newest first");
    browser.run("document.querySelector('button[aria-label=\"Updates of round 97\"]').focus()");
    browser.press(Keys.ENTER);
    browser.awaitTrue("document.activeElement.getAttribute('aria-expanded') === 'true'");
    browser.press(Keys.ENTER);
    browser.awaitTrue("document.activeElement.getAttribute('aria-expanded') === 'false'");
    browser.run("document.querySelector('.skip').focus()");
    browser.press(Keys.ENTER);
    assertThat(browser.list("return [document.activeElement.id, location.hash]"))
        .containsExactly("main", "#/models/digits");
  }

  /** Where the tab key leads; each place is on the screen and marked. */
  private static List<String> tabThrough(int most) {
    var stops = new ArrayList<String>();
    for (int i = 0; i < most; i++) {
      browser.tab();
      List<String> focus = browser.list(FOCUS);
      if (!focus.getFirst().equals("BODY")) {
        String stop = focus.get(0) + " " + focus.get(1);
        assertThat(Double.parseDouble(focus.get(2))).as(stop).isGreaterThanOrEqualTo(2);
        assertThat(focus.get(3)).as(stop).isEqualTo("true");
        stops.add(stop);
      }
    }
    return stops;
  }

  /** The pictures of the README: {@code -Ddashboard.images=docs/images}. */
  @Test
  void pictures() {
    var folder = Path.of(System.getProperty("dashboard.images", "target/dashboard"));
    browser.resize(WIDTH, HEIGHT + 150, false);
    show("/#/models/digits");
    write(folder.resolve("model-light.png"), browser.picture());
    browser.scheme("dark");
    browser.awaitTrue("matchMedia('(prefers-color-scheme: dark)').matches");
    write(folder.resolve("model-dark.png"), browser.picture());
    browser.resize(PHONE_WIDTH, PHONE_HEIGHT, true);
    show("/#/models/digits");
    write(folder.resolve("model-phone.png"), browser.picture());
    browser.scheme("light");
    browser.resize(WIDTH, 400, false);
    show("/");
    write(folder.resolve("models-light.png"), browser.picture());
  }

  /** Writes a picture as small as PNG makes it. */
  static void write(Path file, byte[] picture) {
    try {
      Files.createDirectories(file.getParent());
      BufferedImage image = ImageIO.read(new ByteArrayInputStream(picture));
      var opaque =
          new BufferedImage(image.getWidth(), image.getHeight(), BufferedImage.TYPE_INT_RGB);
      opaque.getGraphics().drawImage(image, 0, 0, null);
      ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
      ImageWriteParam smallest = writer.getDefaultWriteParam();
      smallest.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
      smallest.setCompressionQuality(0);
      Files.deleteIfExists(file);
      try (ImageOutputStream out = ImageIO.createImageOutputStream(file.toFile())) {
        writer.setOutput(out);
        writer.write(null, new IIOImage(opaque, null, null), smallest);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
