package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Downloads of versions that are removed meanwhile: what has begun goes on to its end. */
class DownloadsTest {
  /** More than sockets hold, so that a download that nobody reads is under way. */
  private static final int LARGE = 4_000_000;

  /** The least that is not copied, so that rounds are short. */
  private static final int SMALL = 16 * 1024;

  private static final String GET = "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n";

  /** A server that keeps the newest version alone. */
  private static Server pruning() {
    return Server.shared("fedstep.keep-versions=1", "fedstep.keep-rounds=1");
  }

  private static Model model(Server server, int size) {
    return Model.create(
        server.http(),
        """
        {"tensors": {"w": [%s]}, "optimizer": {"lrate": 1, "modules": []}}\
        """
            .formatted(size));
  }

  /** Runs a round whose gradient is the same in every place: each version has one value. */
  private static void advance(Model model, long round, int size) {
    var ones = new double[size];
    Arrays.fill(ones, 1);
    model.putOctets(Model.update(round, "solo"), Vectors.f4(ones)).is(201);
    model.awaitVersion(round + 1);
  }

  @ParameterizedTest
  @CsvSource({
    "/weights, */*, -1.bin",
    "/weights, application/x-npy, -1.npy",
    "/versions/1/weights, application/x-safetensors, -1.safetensors",
    "/versions/1/weights, application/json, -1.json",
    "/versions/1/gradient, application/x-npy, -1-gradient.npy",
    "/versions/1/optimizer/state, */*, -1-state.json",
    "/optimizer/state, */*, -1-state.json"
  })
  void download_hasTheNameOfAFile(String path, String accept, String end) {
    Model model = model(pruning(), 3);
    advance(model, 0, 3);
    String name = model.path("").substring(model.path("").lastIndexOf('/') + 1);
    String field = "attachment; filename=\"" + name + end + "\"";
    String[] fields = {"Accept: " + accept};
    Reply whole = model.get(path, fields).is(200);
    assertThat(whole.header("Content-Disposition")).isEqualTo(field);
    Reply head = model.http().send("HEAD", model.path(path), BodyPublishers.noBody(), fields);
    assertThat(head.is(200).header("Content-Disposition")).isEqualTo(field);
    String tag = whole.header("ETag");
    Reply known = model.get(path, fields[0], "If-None-Match: " + tag).is(304);
    assertThat(known.header("Content-Disposition")).isEmpty();
    if (path.endsWith("/1/weights") && !end.endsWith("json")) {
      Reply part = model.get(path, fields[0], "Range: bytes=0-3").is(206);
      assertThat(part.header("Content-Disposition")).isEqualTo(field);
    }
    model.http().delete(model.path("")).is(204);
  }

  @Test
  void version_thatIsPrunedDuringItsDownload_arrivesWhole() throws IOException {
    Model model = model(pruning(), LARGE);
    advance(model, 0, LARGE);
    try (var whole = new RawRequest(model.http());
        var part = new RawRequest(model.http())) {
      whole.send(GET.formatted(model.path("/weights"), ""));
      part.send(GET.formatted(model.path("/versions/1/weights"), "Range: bytes=4-\r\n"));
      whole.awaitAnswer();
      part.awaitAnswer();
      advance(model, 1, LARGE);
      advance(model, 2, LARGE);
      model.get("/versions/1/weights").problem(404, "version-not-found");
      var all = new double[LARGE];
      Arrays.fill(all, -1);
      byte[] weights = Vectors.f4(all);
      assertThat(whole.read().is(200).body()).isEqualTo(weights);
      assertThat(part.read().is(206).body())
          .isEqualTo(Arrays.copyOfRange(weights, 4, weights.length));
    }
    model.http().delete(model.path("")).is(204);
  }

  @Test
  void download_whenTheServerEnds_arrivesWhole(@TempDir Path data) throws Exception {
    try (Server server = Server.start(data);
        var threads = Executors.newSingleThreadExecutor()) {
      Model model = model(server, LARGE);
      advance(model, 0, LARGE);
      try (var download = new RawRequest(model.http())) {
        download.send(GET.formatted(model.path("/weights"), ""));
        download.awaitAnswer();
        Future<?> end = threads.submit(server::close);
        assertThat(download.read().is(200).body()).hasSize(4 * LARGE);
        end.get();
      }
    }
  }

  @Test
  void client_thatHangsUpDuringItsDownload_holdsItsVersionNoLonger() throws IOException {
    Model model = model(pruning(), LARGE);
    advance(model, 0, LARGE);
    for (int i = 0; i < 4; i++) {
      try (var download = new RawRequest(model.http())) {
        download.send(GET.formatted(model.path("/weights"), ""));
        download.awaitAnswer();
      }
    }
    Path versions = pruning().data().resolve(model.path("/versions").replace("/v1/", ""));
    long round = 1;
    while (Files.exists(versions.resolve("0000001")) && round < 100) {
      advance(model, round++, LARGE); // each prunes what nobody holds
    }
    assertThat(versions).isDirectoryNotContaining("glob:**/0000001");
    assertThat(model.get("/weights").is(200).body()).hasSize(4 * LARGE);
    model.http().delete(model.path("")).is(204);
  }

  /** Each answer is cut short whose file is removed while it is sent. */
  @Test
  void downloads_whileShortRoundsPruneEveryVersion_areNeverCut()
      throws ExecutionException, InterruptedException {
    try (var threads = Executors.newFixedThreadPool(2)) {
      Model model = model(pruning(), SMALL);
      var over = new AtomicBoolean();
      Callable<Integer> client =
          () -> {
            int answers = 0;
            for (; !over.get(); answers++) {
              byte[] weights = model.get("/weights").is(200).body();
              assertThat(weights).hasSize(4 * SMALL).endsWith(Arrays.copyOf(weights, 4));
            }
            return answers;
          };
      var clients = new ArrayList<Future<Integer>>();
      for (int i = 0; i < 2; i++) {
        clients.add(threads.submit(client));
      }
      for (int round = 0; round < 25; round++) {
        advance(model, round, SMALL);
      }
      over.set(true);
      for (Future<Integer> one : clients) {
        assertThat(one.get()).isPositive();
      }
    }
  }
}
