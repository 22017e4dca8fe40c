package io.fedstep.contract;

import java.io.File;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.WindowType;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;
import org.openqa.selenium.support.ui.WebDriverWait;
import tools.jackson.databind.JsonNode;

/** Chromium without a window, as it is installed here; nothing is downloaded. */
final class Browser implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** It would warn that it knows no newer browser's inner protocol, of which nothing is used. */
  private static final Logger SELENIUM = Logger.getLogger("org.openqa.selenium");

  private final ChromeDriver driver;

  Browser() {
    SELENIUM.setLevel(Level.SEVERE);
    var log = new LoggingPreferences();
    log.enable(LogType.BROWSER, Level.ALL);
    log.enable(LogType.PERFORMANCE, Level.ALL);
    var options = new ChromeOptions();
    options.setBinary(installed("chromium").orElseThrow());
    options.addArguments(
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--host-resolver-rules=MAP *.example 127.0.0.1, MAP *.lan 127.0.0.1");
    options.setCapability("goog:loggingPrefs", log);
    driver =
        new ChromeDriver(
            new ChromeDriverService.Builder()
                .usingDriverExecutable(installed("chromedriver").orElseThrow())
                .build(),
            options);
  }

  /** Whether there is a browser, and what drives it. */
  static boolean isInstalled() {
    return installed("chromium").isPresent() && installed("chromedriver").isPresent();
  }

  private static Optional<File> installed(String program) {
    return Arrays.stream(
            Objects.requireNonNullElse(System.getenv("PATH"), "").split(File.pathSeparator))
        .map(folder -> Path.of(folder, program))
        .filter(Files::isExecutable)
        .map(Path::toFile)
        .findFirst();
  }

  void open(String address) {
    driver.get("about:blank"); // so that an address which differs in its fragment alone is loaded
    driver.get(address);
  }

  void reload() {
    driver.navigate().refresh();
  }

  /** A tab that knows nothing of the others. */
  void newTab(String address) {
    driver.switchTo().newWindow(WindowType.TAB);
    driver.get(address);
  }

  // What is seen

  /** The visible text of the page. */
  String text() {
    return driver.findElement(By.tagName("body")).getText();
  }

  /** Waits until the page shows all of these texts. */
  void awaitText(String... texts) {
    String missing = "the page to show " + List.of(texts);
    new WebDriverWait(driver, PATIENCE)
        .withMessage(() -> missing + ", but it shows: " + text())
        .until(_ -> Arrays.stream(texts).allMatch(text()::contains));
  }

  /** Waits until an expression is true. */
  void awaitTrue(String expression) {
    new WebDriverWait(driver, PATIENCE)
        .withMessage(() -> expression)
        .until(_ -> Boolean.TRUE.equals(run("return " + expression)));
  }

  /** Waits until there is an element. */
  WebElement find(String selector) {
    return new WebDriverWait(driver, PATIENCE)
        .withMessage(() -> selector)
        .until(_ -> driver.findElement(By.cssSelector(selector)));
  }

  /** Waits until there is an element with a text, that can be seen. */
  WebElement find(String selector, String text) {
    return new WebDriverWait(driver, PATIENCE)
        .withMessage(() -> "%s with the text %s".formatted(selector, text))
        .until(_ ->
            findAll(selector).stream()
                .filter(one -> one.getText().equals(text))
                .findFirst()
                .orElse(null));
  }

  List<WebElement> findAll(String selector) {
    return driver.findElements(By.cssSelector(selector));
  }

  Object run(String script, Object... arguments) {
    return driver.executeScript(script, arguments);
  }

  /** What a script returns as a list of texts. */
  List<String> list(String script) {
    return ((List<?>) Objects.requireNonNull(run(script))).stream().map(String::valueOf).toList();
  }

  // What is done

  void press(CharSequence... keys) {
    new Actions(driver).sendKeys(keys).perform();
  }

  void tab() {
    press(Keys.TAB);
  }

  /** Sets the size of what is seen, in CSS pixels, and whether it is a phone's. */
  void resize(int width, int height, boolean phone) {
    driver.executeCdpCommand(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", phone));
  }

  void scheme(String scheme) {
    driver.executeCdpCommand(
        "Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
  }

  byte[] picture() {
    return driver.getScreenshotAs(OutputType.BYTES);
  }

  // What it tells of itself

  /** The console's warnings and errors since the last call. */
  List<String> complaints() {
    return entries(LogType.BROWSER)
        .filter(entry -> entry.getLevel().intValue() >= Level.WARNING.intValue())
        .map(LogEntry::getMessage)
        .toList();
  }

  /** The origins that were asked for anything since the last call. */
  List<String> origins() {
    return entries(LogType.PERFORMANCE)
        .map(entry -> Reply.json(entry.getMessage()).path("message"))
        .filter(message -> message.path("method").asString().equals("Network.requestWillBeSent"))
        .map(message -> origin(message.at("/params/request/url")))
        .distinct()
        .toList();
  }

  private static String origin(JsonNode address) {
    URI uri = URI.create(address.asString());
    return uri.getScheme() + "://" + uri.getAuthority();
  }

  private Stream<LogEntry> entries(String log) {
    return driver.manage().logs().get(log).getAll().stream();
  }

  @Override
  public void close() {
    driver.quit();
  }
}
