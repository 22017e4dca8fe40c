package io.fedstep.client;

import static io.fedstep.client.Scripted.last;
import static io.fedstep.client.Scripted.reply;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.contentOf;

import io.fedstep.process.BesideOthers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What lies between a client and a server: broken bodies, cut waits, redirects, proxies, TLS. */
@BesideOthers
class WaysTest {
  private static final byte[] VECTOR = new byte[4 * 5000];
  private static final String LENGTH = "Content-Length: " + VECTOR.length;

  private static final String[] HEAD = {
    "ETag: \"3f9c2a71-7\"", "Fedstep-Version: 7", "Content-Type: application/octet-stream"
  };

  private static final Scripted.Answer MODEL =
      reply(
          "200 OK",
          """
          {"dtype": "float32", "layout": [{"name": "w", "shape": [5000], "offset": 0}]}\
          """);
  private static final Scripted.Answer NO_MODELS = reply("200 OK", "{\"models\": []}");

  static {
    new Random(1).nextBytes(VECTOR);
  }

  private final List<AutoCloseable> open = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable one : open) {
      one.close();
    }
  }

  private Scripted serve(Scripted.Answer... script) throws IOException {
    var server = new Scripted(script);
    open.add(server);
    return server;
  }

  private Fedstep at(URI server, Options options) {
    Fedstep fedstep = Fedstep.at(server, options);
    open.add(fedstep);
    return fedstep;
  }

  private static Options patience(long millis) {
    return Options.defaults().patience(Duration.ofMillis(millis));
  }

  private RemoteModel model(Scripted server, long millis) {
    return at(server.uri(), patience(millis)).model("m");
  }

  private static String[] head(String... more) {
    String[] all = Arrays.copyOf(HEAD, HEAD.length + more.length);
    System.arraycopy(more, 0, all, HEAD.length, more.length);
    return all;
  }

  /** Announces all from {@code begin} on, and breaks off at {@code end}. */
  private static Scripted.Answer part(int begin, int end) {
    byte[] body = Arrays.copyOfRange(VECTOR, begin, end);
    return begin == 0
        ? last("1.1 200 OK", body, head(LENGTH))
        : last(
            "1.1 206 Part",
            body,
            head(
                "Content-Length: " + (VECTOR.length - begin),
                "Content-Range: bytes %s-%s/%s"
                    .formatted(begin, VECTOR.length - 1, VECTOR.length)));
  }

  private static Scripted.Answer chunked(byte[] body, boolean whole) {
    var chunks = new ByteArrayOutputStream();
    for (int at = 0; at < body.length; at += 999) {
      byte[] chunk = Arrays.copyOfRange(body, at, Math.min(at + 999, body.length));
      chunks.writeBytes((Integer.toHexString(chunk.length) + "\r\n").getBytes(ISO_8859_1));
      chunks.writeBytes(chunk);
      chunks.writeBytes("\r\n".getBytes(ISO_8859_1));
    }
    if (whole) {
      chunks.writeBytes("0\r\n\r\n".getBytes(ISO_8859_1));
    }
    return last("1.1 200 OK", chunks.toByteArray(), head("Transfer-Encoding: chunked"));
  }

  @Test
  void firstWeights_areWaitedFor_withHeldRequests() throws Exception {
    String none = "{\"code\": \"no-weights\"}";
    Scripted server =
        serve(
            reply("503 Later", none, "Retry-After: 1"),
            reply("200 OK", "{\"phase\": \"awaiting-weights\"}"),
            reply("503 Later", none, "Retry-After: 1"),
            reply("200 OK", "{\"phase\": \"stopped\"}"));
    RemoteModel model = model(server, 1);
    assertThatThrownBy(() -> model.train("alice", _ -> null))
        .hasMessageContaining("stopped before it had any weights");
    String held = "GET /v1/models/m/weights?wait=30000ms";
    String looked = "GET /v1/models/m/rounds/current";
    assertThat(server.requests).containsExactly(held, looked, held, looked);
  }

  @Test
  void weights_withoutLength_areWhole() throws Exception {
    assertThat(model(serve(chunked(VECTOR, true)), 0).newest().bytes()).isEqualTo(VECTOR);
    assertThat(model(serve(last("1.0 200 OK", VECTOR, HEAD), MODEL), 0).newest().bytes())
        .isEqualTo(VECTOR);
  }

  @Test
  void weights_thatEndEarly_areNone() throws Exception {
    byte[] cut = Arrays.copyOf(VECTOR, VECTOR.length - 8);
    assertThatThrownBy(model(serve(chunked(cut, false)), 0)::newest)
        .isInstanceOf(IOException.class);
    assertThatThrownBy(model(serve(last("1.0 200 OK", cut, HEAD), MODEL), 0)::newest)
        .hasMessageContaining("end early");
    assertThatThrownBy(model(serve(part(0, 9000)), 0)::newest).isInstanceOf(IOException.class);
  }

  @Test
  void document_thatEndsEarly_isAskedForAgain() throws Exception {
    byte[] half = "{\"models\": [{\"model\": \"m\"".getBytes(ISO_8859_1);
    Scripted server = serve(last("1.0 200 OK", half), NO_MODELS);
    assertThat(at(server.uri(), patience(30_000)).models()).isEmpty();
  }

  @Test
  void pageOfSomethingElse_isNoAnswer() throws Exception {
    assertThatThrownBy(model(serve(reply("200 OK", "<p>Log in")), 30_000)::newest)
        .hasMessageContaining("something other than fedstep");
    assertThatThrownBy(at(serve(reply("200 OK", "<p>Log in")).uri(), patience(30_000))::models)
        .hasMessageContaining("no JSON");
  }

  @Test
  void download_goesOnWhereItBrokeOff_asLongAsMoreComes() throws Exception {
    Scripted server =
        serve(part(0, 5000), part(5000, 9000), part(9000, 14_000), part(14_000, VECTOR.length));
    Weights weights = model(server, 150).newest();
    assertThat(weights.bytes()).isEqualTo(VECTOR);
    assertThat(weights.version()).isEqualTo(7);
    assertThat(server.fields)
        .contains("Range: bytes=5000-", "Range: bytes=14000-", "If-Range: \"3f9c2a71-7\"");
  }

  @Test
  void download_thatBreaksOffAtTheSameByte_ends() throws Exception {
    Scripted.Answer[] script = new Scripted.Answer[20];
    Arrays.fill(script, part(0, 9000));
    assertThatThrownBy(model(serve(script), 150)::newest).isInstanceOf(IOException.class);
  }

  @Test
  void download_ofSomethingElseByNow_beginsAnew() throws Exception {
    Scripted.Answer whole = last("1.1 200 OK", VECTOR, head(LENGTH));
    assertThat(model(serve(part(0, 9000), whole), 30_000).newest().bytes()).isEqualTo(VECTOR);
    assertThat(model(serve(part(0, 9000), part(700, 900), whole), 30_000).newest().bytes())
        .isEqualTo(VECTOR);
  }

  @Test
  void waitThatWasCut_isAskedForAgain_shorter() throws Exception {
    Scripted server =
        serve(
            reply("504 Gone", ""),
            reply("502 Gone", ""),
            reply("304 Same", ""),
            reply("304 Same", "", "Fedstep-Phase: stopped"));
    var last = new Weights(7, "3f9c2a71-7", false, VECTOR);
    assertThat(model(server, 0).after(last).stopped()).isTrue();
    assertThat(server.requests)
        .extracting(line -> line.replaceFirst(".*wait=", ""))
        .containsExactly("30000ms", "15000ms", "7500ms", "11250ms");
  }

  @Test
  void wait_whereNothingAnswers_ends() throws Exception {
    Scripted.Answer[] script = new Scripted.Answer[30];
    Arrays.fill(script, reply("504 Gone", ""));
    var last = new Weights(7, "3f9c2a71-7", false, VECTOR);
    assertThatThrownBy(() -> model(serve(script), 150).after(last))
        .isInstanceOf(RefusedByServer.class);
  }

  @Test
  void headersAndUser_areSentWithEveryRequest() throws Exception {
    Scripted server = serve(NO_MODELS, NO_MODELS);
    URI named = URI.create(server.uri().toString().replace("//", "//user:w%6Frd@"));
    Fedstep fedstep = at(named, patience(0).header("X-Api-Key", "k"));
    fedstep.models();
    fedstep.models();
    String basic = Base64.getEncoder().encodeToString("user:word".getBytes(ISO_8859_1));
    assertThat(server.fields)
        .filteredOn(field -> field.equals("Authorization: Basic " + basic))
        .hasSize(2);
    assertThat(server.fields).filteredOn(field -> field.equals("X-Api-Key: k")).hasSize(2);
    assertThatThrownBy(fedstep::models).hasMessageNotContaining("user");
    assertThatThrownBy(() -> Fedstep.at(named, patience(0).token("t")))
        .hasMessageContaining("Authorization");
  }

  @Test
  void tokenThatIsRefused_isAskedForAgain_once(@TempDir Path folder) throws Exception {
    Scripted.Answer no = reply("401 No", "{\"code\": \"unauthorized\"}");
    Path file = Files.writeString(folder.resolve("token"), "first\n");
    Scripted server = serve(NO_MODELS, no, NO_MODELS, no);
    Fedstep fedstep =
        at(server.uri(), patience(30_000).token(() -> contentOf(file.toFile()).strip()));
    fedstep.models();
    Files.writeString(file, "second\n");
    fedstep.models();
    assertThatThrownBy(fedstep::models).isInstanceOf(RefusedByServer.class);
    assertThat(server.fields)
        .filteredOn(field -> field.startsWith("Authorization"))
        .extracting(field -> field.replaceFirst(".* ", ""))
        .containsExactly("first", "first", "second", "second");
  }

  @Test
  void redirect_isFollowed_toAnotherServerWithoutTheToken() throws Exception {
    Scripted other = serve(reply("201 Made", "{\"updates\": 1}"));
    Scripted server =
        serve(
            reply("308 Moved", "", "Location: /v1/here"),
            reply("308 Moved", "", "Location: " + other.uri() + "/v1/there"));
    RemoteModel model =
        at(server.uri(), patience(0).token("secret").header("X-Api-Key", "k")).model("m");
    var base = new Weights(7, "3f9c2a71-7", false, VECTOR);
    var receipt = model.submit("alice", base, new Update(VECTOR, 1, Map.of()));
    assertThat(receipt.path("updates").asInt()).isEqualTo(1);
    assertThat(server.requests).hasSize(2).allMatch(line -> line.startsWith("PUT "));
    assertThat(other.requests).containsExactly("PUT /v1/there");
    assertThat(server.fields).contains("Authorization: Bearer secret", "X-Api-Key: k");
    assertThat(other.fields)
        .noneMatch(field -> field.contains("secret") || field.startsWith("X-Api-Key"))
        .contains("Content-Length: " + VECTOR.length);
  }

  @Test
  void redirectsInACircle_end() throws Exception {
    Scripted.Answer[] script = new Scripted.Answer[20];
    Arrays.fill(script, reply("308 Moved", "", "Location: /v1/models"));
    assertThatThrownBy(at(serve(script).uri(), patience(30_000))::models)
        .hasMessageContaining("redirects");
  }

  @Test
  void proxy_isTheJdks() throws Exception {
    Scripted proxy = serve(NO_MODELS);
    ProxySelector before = ProxySelector.getDefault();
    ProxySelector.setDefault(new ForOneHost("fedstep.example", proxy.uri().getPort(), before));
    try {
      assertThat(at(URI.create("http://fedstep.example:8080"), patience(0)).models()).isEmpty();
    } finally {
      ProxySelector.setDefault(before);
    }
    assertThat(proxy.requests).singleElement().asString().contains("http://fedstep.example:8080/");
  }

  /** A proxy on this machine for one host; tests beside this one go on as before. */
  private static final class ForOneHost extends ProxySelector {
    private final String host;
    private final ProxySelector proxy;
    private final ProxySelector others;

    ForOneHost(String host, int port, ProxySelector others) {
      this.host = host;
      this.proxy = ProxySelector.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      this.others = others;
    }

    private ProxySelector of(URI uri) {
      return host.equals(uri.getHost()) ? proxy : others;
    }

    @Override
    public List<Proxy> select(URI uri) {
      return of(uri).select(uri);
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException failure) {
      of(uri).connectFailed(uri, address, failure);
    }
  }

  @Test
  void portWithoutTls_isSaidAtOnce() throws Exception {
    var plain = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    open.add(plain);
    Thread.ofVirtual()
        .start(() -> {
          try (Socket socket = plain.accept()) {
            socket.getInputStream().read(new byte[1 << 14]);
            socket.getOutputStream().write("HTTP/1.1 400 Bad\r\n\r\n".getBytes(ISO_8859_1));
            socket.getInputStream().read();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
    URI secure = URI.create("https://127.0.0.1:" + plain.getLocalPort());
    assertThatThrownBy(at(secure, patience(30_000))::models).hasMessageContaining("http://?");
  }
}
