package io.fedstep.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fedstep.FedstepApplication;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The real application in a process of its own, which can be killed at any moment. */
public final class ChildServer implements AutoCloseable {
  private static final Pattern STARTED = Pattern.compile("fedstep \\S+ is ready on port (\\d+)");
  private static final long START_SECONDS = 180;

  /** The longest start on a machine that is held to limits as they are written. */
  private static final Duration QUICK_START = Duration.ofSeconds(3);

  private static final String MAIN = FedstepApplication.class.getName();

  /**
   * A user's machine, where digits, hours and the temporary folder are others: the server is not to
   * depend on them. What a killed one leaves in that folder goes with the build.
   */
  private static final List<String> ELSEWHERE =
      List.of(
          "-Duser.language=ar",
          "-Duser.country=EG",
          "-Duser.timezone=Asia/Kolkata",
          "-Djava.io.tmpdir=target");

  /** For short lives on few cores: less compiling, no concurrent collector, few new pages. */
  private static final List<String> SHORT_LIVED =
      List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmn20m");

  private final Process process;
  private final int port;
  private final Duration startTime;
  private final List<String> warnings;

  private ChildServer(Process process, int port, Duration startTime, List<String> warnings) {
    this.process = process;
    this.port = port;
    this.startTime = startTime;
    this.warnings = warnings;
  }

  /** The lines of WARN and ERROR that it has logged. */
  List<String> warnings() {
    return List.copyOf(warnings);
  }

  /** A server on {@code data} that starts cheaply, with those options too, once it answers. */
  public static ChildServer start(Path data, String... options) {
    return start(List.of(), archived(MAIN), data, shortLived(options));
  }

  /** The same with a JVM's own settings, for whoever measures how fast it gets. */
  public static ChildServer startFast(Path data, String... options) {
    return start(List.of(), program(), data, List.of(options));
  }

  private static List<String> program() {
    return List.of("-cp", System.getProperty("java.class.path"), MAIN);
  }

  /** The same as {@link #startFast}, from the jar that users start. */
  public static ChildServer startJar(Path jar, Path data, String... options) {
    return start(List.of(), List.of("-jar", jar.toString()), data, List.of(options));
  }

  /** The same, by the script of the archive. */
  public static ChildServer startScript(Path script, Path data, String... options) {
    return start(
        List.of(
            "env",
            "JAVA_HOME=" + System.getProperty("java.home"),
            "JAVA_OPTS=" + String.join(" ", ELSEWHERE) + " " + String.join(" ", options),
            script.toString()),
        data);
  }

  /** The same, which may have only so many files open. */
  static ChildServer startWithFiles(int most, Path data, String... options) {
    String limited = "ulimit -n %s && exec \"$0\" \"$@\"".formatted(most);
    return start(List.of("sh", "-c", limited), archived(MAIN), data, shortLived(options));
  }

  private static List<String> shortLived(String... options) {
    var all = new ArrayList<>(SHORT_LIVED);
    all.addAll(List.of(options));
    return all;
  }

  /**
   * Servers in one process, which ends as a whole: each is what it is asked to be by properties.
   */
  static List<ChildServer> startTogether(List<List<String>> properties, String... options) {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ELSEWHERE);
    command.addAll(shortLived(options));
    command.addAll(archived(Together.class.getName()));
    for (int i = 0; i < properties.size(); i++) {
      if (i > 0) {
        command.add(Together.NEXT);
      }
      command.add("--server.port=0");
      properties.get(i).forEach(property -> command.add("--" + property));
    }
    return start(command, properties.size());
  }

  private static List<String> archived(String main) {
    return Stream.concat(ClassArchive.options().stream(), Stream.of(main)).toList();
  }

  /** A server with a class path of its own, which the archive of classes is made by. */
  static ChildServer recorded(List<String> classPath, Path data) {
    var program = new ArrayList<>(classPath);
    program.add(MAIN);
    return start(List.of(), program, data, SHORT_LIVED);
  }

  private static ChildServer start(
      List<String> prefix, List<String> program, Path data, List<String> options) {
    var command = new ArrayList<>(prefix);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ELSEWHERE);
    command.addAll(options);
    command.addAll(program);
    return start(command, data);
  }

  private static ChildServer start(List<String> program, Path data) {
    var command = new ArrayList<>(program);
    command.addAll(List.of("--server.port=0", "--fedstep.data-dir=" + data));
    return start(command, 1).getFirst();
  }

  private static List<ChildServer> start(List<String> command, int count) {
    try {
      long begin = System.nanoTime();
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      var warnings = new CopyOnWriteArrayList<String>();
      List<Integer> ports = awaitPorts(process, count, warnings);
      var startTime = Duration.ofNanos(System.nanoTime() - begin);
      return ports.stream()
          .map(port -> new ChildServer(process, port, startTime, warnings))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Integer> awaitPorts(Process process, int count, List<String> warnings) {
    var all = new CompletableFuture<List<Integer>>();
    var ports = new ArrayList<Integer>();
    var log = new StringBuilder();
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try (var lines =
              new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
              if (!all.isDone()) {
                log.append(line).append('\n');
              } else if (line.contains(" ERROR ")) {
                System.err.println(line);
              }
              if (line.contains(" ERROR ") || line.contains(" WARN ")) {
                warnings.add(line);
              }
              Matcher started = STARTED.matcher(line);
              if (started.find()) {
                ports.add(Integer.parseInt(started.group(1)));
                if (ports.size() == count) {
                  all.complete(List.copyOf(ports));
                }
              }
            }
          } catch (IOException e) {
            log.append(e); // the pipe of a killed process
          }
          all.completeExceptionally(new IllegalStateException("the server ended:\n" + log));
        });
    try {
      return all.orTimeout(START_SECONDS, TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      process.destroyForcibly(); // nobody else knows of it
      throw e;
    }
  }

  /** Where it answers a path. */
  public URI uri(String path) {
    return URI.create("http://127.0.0.1:" + port + path);
  }

  /** The port that it serves. */
  public int port() {
    return port;
  }

  /** From the start of its process until it answered. */
  Duration startTime() {
    return startTime;
  }

  /** The limit for this machine: longer in proportion where a start takes longer. */
  Duration here(Duration limit) {
    double slower = Math.max(1, (double) startTime.toNanos() / QUICK_START.toNanos());
    return Duration.ofNanos((long) (slower * limit.toNanos()));
  }

  /** Its process. */
  public long pid() {
    return process.pid();
  }

  /** Ends the process as {@code kill -9} does; returns once it is gone. */
  void kill() {
    process.destroyForcibly().onExit().join();
  }

  /** Asks the process to end, as {@code kill} does. */
  void terminate() {
    process.destroy();
  }

  /** Its exit status, once it has ended. */
  int awaitEnd() {
    return process.onExit().orTimeout(START_SECONDS, TimeUnit.SECONDS).join().exitValue();
  }

  @Override
  public void close() {
    kill();
  }
}
