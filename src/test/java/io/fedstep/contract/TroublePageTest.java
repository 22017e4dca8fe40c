package io.fedstep.contract;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands of the page for when something goes wrong do what they are given for. */
@OneMachine("several machines keep nothing that is deleted")
class TroublePageTest {
  private static final Path PAGE = Path.of("docs/OPERATIONS.md");
  private static final Pattern COMMAND = Pattern.compile("`(curl [^`]*)`");

  @TempDir private static Path folder;

  private static List<String> commands() throws IOException {
    String page = Files.readString(PAGE);
    int begin = page.indexOf("\n## When something goes wrong\n");
    int end = page.indexOf("\n## ", begin + 1);
    return COMMAND
        .matcher(page.substring(begin, end))
        .results()
        .map((MatchResult found) -> found.group(1))
        .toList();
  }

  private static String run(String command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder("bash", "-c", command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as("%s: %s", command, output).isZero();
    return output;
  }

  private static boolean isThere(String program) throws IOException, InterruptedException {
    return new ProcessBuilder("bash", "-c", "command -v " + program).start().waitFor() == 0;
  }

  @Test
  void commands_inTheirOrder() throws IOException, InterruptedException {
    assumeTrue(isThere("curl"), "there is no curl");
    Server server = Server.shared();
    Model model =
        Model.create(
            server.http(),
            """
            {"tensors": {"w": [3]}, "optimizer": {"lrate": 1.0, "modules": ["rmsprop"]}}\
            """);
    for (int version = 1; version <= 6; version++) {
      model.advance("[1, 2, %s]".formatted(Integer.toString(version)));
    }
    byte[] fifth = model.get("/versions/5/weights").is(200).body();
    var done = new ArrayList<String>();
    for (String command : commands()) {
      if (command.endsWith("/rounds/current/close")) {
        assertThat(model.current().path("min_updates").asInt()).isEqualTo(2);
        model.submit(7, "alice", "{\"gradient\": [1, 2, 3]}").is(201);
        model.submit(7, "bob", "{\"gradient\": [1, 2, 3]}").is(201);
      }
      String output =
          run(
              command
                  .replaceFirst("^curl ", "curl -sS --fail-with-body ")
                  .replace("S/v1", server.address() + "/v1")
                  .replace("/models/m", "/models/" + model.name()));
      String what = command.replaceFirst(".*S/v1", "").replaceFirst("[ '].*", "");
      done.add(command.contains("-X DELETE") ? "DELETE " + what : what);
      switch (done.getLast()) {
        case "DELETE /models/m" -> model.get("").problem(404, "model-not-found");
        case "/deleted" -> assertThat(output).contains("\"model\":\"" + model.name() + "\"");
        case "/models/m/undelete" -> assertThat(model.json("version").asInt()).isEqualTo(6);
        case "/models/m/stop" -> assertThat(output).contains("\"phase\":\"stopped\"");
        case "/models/m/versions/5/restore" -> assertThat(model.weights()).isEqualTo(fifth);
        case "/models/m/optimizer" -> assertThat(output).contains("\"lrate\":0.001");
        case "/models/m/update-bound" -> assertThat(output).contains("\"max_norm\":10");
        case "/models/m/start" -> assertThat(output).contains("\"phase\":\"collecting\"");
        case "/models/m/rounds/current/close" -> model.awaitVersion(8);
        default -> assertThat(output).doesNotContain("urn:fedstep:problem");
      }
    }
    assertThat(folder.resolve("weights")).hasBinaryContent(fifth);
    assertThat(done)
        .contains(
            "DELETE /models/m",
            "/deleted",
            "/models/m/undelete",
            "/models/m/stop",
            "/models/m/versions/5/restore",
            "/models/m/optimizer",
            "/models/m/update-bound",
            "/models/m/start",
            "/models/m/round",
            "/models/m/rounds/current/close");
  }
}
