package io.fedstep.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a process holds, as Linux says in {@code /proc}.
 *
 * @param anonymous megabytes of its own
 * @param resident megabytes, mapped files included
 * @param files open ones
 */
public record ProcessMemory(double anonymous, double resident, long files) {
  /** What the process of an id holds now. */
  public static ProcessMemory of(long pid) throws IOException {
    Path process = Path.of("/proc", "" + pid);
    List<String> status = Files.readAllLines(process.resolve("status"));
    try (Stream<Path> files = Files.list(process.resolve("fd"))) {
      return new ProcessMemory(
          megabytes(status, "RssAnon:"), megabytes(status, "VmRSS:"), files.count());
    }
  }

  private static double megabytes(List<String> status, String key) {
    String line = status.stream().filter(one -> one.startsWith(key)).findFirst().orElseThrow();
    return Long.parseLong(line.replaceAll("\\D", "")) / 1e3;
  }
}
