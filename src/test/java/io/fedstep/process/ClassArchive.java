package io.fedstep.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.springframework.util.FileSystemUtils;

/**
 * The classes of a server as the JVM has read and checked them once, with which each process of the
 * tests starts with less work; kept in {@code target} until a class changes.
 */
final class ClassArchive {
  private static final Path FOLDER = Path.of("target", "class-archive").toAbsolutePath();
  private static final String CLASS_PATH = System.getProperty("java.class.path");

  /** Made by the first who asks, while others wait. */
  private static final List<String> OPTIONS = make();

  private ClassArchive() {}

  /** A JVM's class path, and the archive of it if one could be made. */
  static List<String> options() {
    return OPTIONS;
  }

  private static List<String> make() {
    try {
      Path folder = FOLDER.resolve(fingerprint());
      Path archive = folder.resolve("classes.jsa");
      if (!Files.exists(archive)) {
        FileSystemUtils.deleteRecursively(FOLDER);
        Files.createDirectories(folder);
        record(jars(folder), folder, archive);
      }
      return List.of(
          "-XX:SharedArchiveFile=" + archive, "-Xshare:auto", "-Xlog:disable", "-cp", jars(folder));
    } catch (IOException | RuntimeException e) {
      System.err.println("Processes start without an archive of their classes: " + e);
      return List.of("-cp", CLASS_PATH);
    }
  }

  private static void record(String jars, Path folder, Path archive) throws IOException {
    Path whole = folder.resolve("new.jsa");
    try (ChildServer server =
        ChildServer.recorded(
            List.of("-XX:ArchiveClassesAtExit=" + whole, "-Xlog:disable", "-cp", jars),
            folder.resolve("data"))) {
      server.terminate();
      server.awaitEnd();
    }
    Files.move(whole, archive);
  }

  /** The class path with a jar in the place of each folder, as an archive needs it. */
  private static String jars(Path folder) throws IOException {
    var jars = new StringBuilder();
    for (String entry : entries()) {
      Path path = Path.of(entry);
      if (Files.isDirectory(path)) {
        path = jar(path, folder.resolve(path.getFileName() + ".jar"));
      }
      jars.append(jars.isEmpty() ? "" : File.pathSeparator).append(path);
    }
    return jars.toString();
  }

  /** Without empty ones, which would be the folder that the tests run in. */
  private static List<String> entries() {
    return Stream.of(CLASS_PATH.split(File.pathSeparator, -1))
        .filter(entry -> !entry.isEmpty())
        .toList();
  }

  private static Path jar(Path classes, Path jar) {
    if (!Files.exists(jar)) {
      int status =
          ToolProvider.findFirst("jar")
              .orElseThrow()
              .run(
                  System.out,
                  System.err,
                  "--create",
                  "--no-compress",
                  "--file=" + jar,
                  "-C",
                  classes.toString(),
                  ".");
      if (status != 0) {
        throw new IllegalStateException("not made: " + jar);
      }
    }
    return jar;
  }

  /** Another one for another JVM, another jar and other contents of a folder's files. */
  private static String fingerprint() throws IOException {
    var crc = new CRC32();
    crc.update((System.getProperty("java.vm.version") + CLASS_PATH).getBytes(UTF_8));
    for (String entry : entries()) {
      Path path = Path.of(entry);
      if (Files.isDirectory(path)) {
        try (Stream<Path> files = Files.walk(path)) {
          for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
            crc.update(file.toString().getBytes(UTF_8));
            crc.update(Files.readAllBytes(file));
          }
        }
      } else if (Files.exists(path)) {
        crc.update((Files.getLastModifiedTime(path) + " " + Files.size(path)).getBytes(UTF_8));
      }
    }
    return Long.toHexString(crc.getValue());
  }
}
