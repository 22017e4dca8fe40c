package io.fedstep.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.springframework.util.FileSystemUtils;

/** The archive that {@code mvn package} makes, unpacked and warmed up. */
final class Archive implements AutoCloseable {
  private final Path folder;

  private Archive(Path folder) {
    this.folder = folder;
  }

  static Archive warmed(Bench bench) throws IOException, InterruptedException {
    Files.createDirectories(bench.folder());
    var archive = new Archive(Files.createTempDirectory(bench.folder(), "archive"));
    Peer.run("tar", "xzf", packed().toString(), "--strip-components=1", "-C", "" + archive.folder);
    String java = System.getProperty("java.home");
    Peer.run("env", "JAVA_HOME=" + java, archive.script().toString(), "warm");
    return archive;
  }

  private static Path packed() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("target"))) {
      return files
          .filter(file -> file.getFileName().toString().matches("fedstep-[\\d.]+[.]tar[.]gz"))
          .findFirst()
          .orElseThrow(() -> new IOException("mvn package makes the archive"));
    }
  }

  Path script() {
    return folder.resolve("bin/fedstep");
  }

  @Override
  public void close() throws IOException {
    FileSystemUtils.deleteRecursively(folder);
  }
}
