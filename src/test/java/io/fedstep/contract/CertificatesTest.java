package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fedstep.security.CheckedSslBundles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.boot.ssl.pem.PemSslStoreBundle;
import org.springframework.boot.ssl.pem.PemSslStoreDetails;

/** Clients that show certificates, over TLS whose own certificate is changed while it serves. */
class CertificatesTest {
  private static final String SPEC = "{\"tensors\": {\"w\": [1]}, \"round\": {\"max_updates\": 9}}";
  private static final long MOST_NANOS = 30_000_000_000L;

  private static final List<String> CLIENTS =
      List.of("alice", "boss", "nameless", "workload", "mailed", "person", "twofold", "namesake");

  private static final String TOKENS =
      """
      {"tokens": [
        {"id": "boss", "role": "admin", "models": ["*"]},
        {"id": "site-a", "subject": "spiffe://test/ns/fl/sa/site-a", "role": "client",
         "models": ["*"]},
        {"id": "grace", "subject": "grace@hospital.example", "role": "observer", "models": ["*"]},
        {"id": "ada", "subject": "emailAddress=ada@hospital.example,O=test", "role": "client",
         "models": ["other-*"]},
        {"id": "bob", "subject": "boss of all", "role": "client", "models": ["*"]}
      ]}
      """;

  @TempDir private static Path folder;
  private static Certificates certificates;
  private static Server server;

  @BeforeAll
  static void start() throws IOException {
    certificates = new Certificates(folder);
    for (String name : List.of("server", "server2", "alice", "boss")) {
      certificates.issue(name, "CN=%s, OU=unit-%s, O=test".formatted(name, name));
    }
    certificates.issue("nameless", "CN=not a client id, O=test");
    certificates.issue("workload", "O=test", "spiffe://test/ns/fl/sa/site-a");
    certificates.issue("mailed", "CN=Grace, O=test", "grace@hospital.example");
    certificates.issue("person", "1.2.840.113549.1.9.1=ada@hospital.example, O=test");
    certificates.issue("twofold", "CN=boss of all, O=test", "spiffe://test/ns/fl/sa/site-a");
    certificates.issue("namesake", "CN=site-a, O=test");
    certificates.write("server", "server.pem", false);
    certificates.write("server", "server.key", true);
    var trusted = new StringBuilder();
    for (String name : CLIENTS) {
      trusted.append(Files.readString(certificates.write(name, name + ".pem", false)));
    }
    Files.writeString(folder.resolve("trusted.pem"), trusted);
    server =
        Server.start(
            folder.resolve("data"),
            "spring.ssl.bundle.pem.server.reload-on-update=true",
            "spring.ssl.bundle.pem.server.keystore.certificate=" + folder.resolve("server.pem"),
            "spring.ssl.bundle.pem.server.keystore.private-key=" + folder.resolve("server.key"),
            "spring.ssl.bundle.pem.server.truststore.certificate=" + folder.resolve("trusted.pem"),
            "spring.ssl.bundle.watch.file.quiet-period=20ms",
            "server.ssl.bundle=server",
            "server.ssl.client-auth=want",
            "fedstep.security.tokens-file="
                + Files.writeString(folder.resolve("tokens.json"), TOKENS));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static Http as(String name) {
    return server.http().tls(certificates.client(name));
  }

  @Test
  void certificate_saysWhoOneIs() {
    as("boss").putJson("/v1/models/toy", SPEC).is(201);
    as("alice").putJson("/v1/models/toy2", SPEC).problem(403, "forbidden");
    String updates = "/v1/models/toy/rounds/0/updates/";
    as("alice").putJson(updates + "alice", "{\"gradient\": [1]}").is(201);
    as("alice").putJson(updates + "bob", "{\"gradient\": [1]}").problem(403, "forbidden");
    as("").get("/v1/models/toy").problem(401, "unauthorized");
    assertThat(
            as("nameless")
                .get("/v1/models/toy")
                .problem(401, "unauthorized")
                .path("detail")
                .asString())
        .contains("CN of the certificate's subject")
        .contains("'not a client id'");
  }

  private static String reason(String name) {
    return as(name).get("/v1/models/mapped").problem(401, "unauthorized").path("detail").asString();
  }

  @Test
  void nameInACertificate_standsForAnId() {
    as("boss").putJson("/v1/models/mapped", SPEC).is(201);
    String updates = "/v1/models/mapped/rounds/0/updates/";
    as("workload").putJson(updates + "site-a", "{\"gradient\": [1]}").is(201);
    as("workload").putJson(updates + "alice", "{\"gradient\": [1]}").problem(403, "forbidden");
    as("mailed").get("/v1/models/mapped/rounds").is(200);
    assertThat(
            as("person")
                .get("/v1/models/mapped")
                .problem(403, "forbidden")
                .path("detail")
                .asString())
        .contains("'ada'");
  }

  @Test
  void nameOfTwo_orTheIdOfAnother_isRefused() {
    assertThat(reason("twofold")).contains("bob").contains("site-a").contains("one");
    assertThat(reason("namesake")).contains("'site-a', the id of another subject");
  }

  /** The serial number of the certificate that the server shows. */
  private static String shown(SSLContext context) throws IOException {
    try (SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket("localhost", server.http().port())) {
      socket.startHandshake();
      return ((X509Certificate) socket.getSession().getPeerCertificates()[0])
          .getSerialNumber()
          .toString();
    }
  }

  private static void awaitSample(String sample) {
    Http boss = as("boss");
    long begin = System.nanoTime();
    List<String> samples = List.of();
    while (!samples.contains(sample) && System.nanoTime() - begin < MOST_NANOS) {
      samples = boss.get("/actuator/prometheus").is(200).text().lines().toList();
    }
    assertThat(samples).contains(sample);
  }

  @Test
  void certificate_whoseKeyComesLater_waitsForIt() throws IOException {
    String before = shown(certificates.client("alice"));
    String other = before.equals(certificates.serial("server")) ? "server2" : "server";
    certificates.write(other, "server.pem", false);
    awaitSample("fedstep_certificates_refused 1.0");
    assertThat(shown(certificates.client("alice"))).isEqualTo(before);
    certificates.write(other, "server.key", true);
    awaitSample("fedstep_certificates_refused 0.0");
    assertThat(shown(certificates.client("alice"))).isEqualTo(certificates.serial(other));
    certificates.write(other, "server.pem", false);
    Files.writeString(folder.resolve("server.key"), "-----BEGIN PRIVATE KEY-----\nAAAA");
    awaitSample("fedstep_certificates_refused 1.0");
    assertThat(shown(certificates.client("alice"))).isEqualTo(certificates.serial(other));
    certificates.write(other, "server.key", true);
    awaitSample("fedstep_certificates_refused 0.0");
  }

  @Test
  void certificate_withTheKeyOfAnother_endsTheStart() throws IOException {
    String key = Files.readString(certificates.write("alice", "alice.key", true));
    String certificate = Files.readString(certificates.write("boss", "boss.pem", false));
    String own = Files.readString(certificates.write("alice", "alice.pem", false));
    var bundles = new CheckedSslBundles();
    bundles.registerBundle("fits", bundle(own, key));
    assertThatThrownBy(() -> bundles.registerBundle("does not", bundle(certificate, key)))
        .hasMessageContaining("'does not': its key is another certificate's");
  }

  private static SslBundle bundle(String certificate, String key) {
    PemSslStoreDetails pair = PemSslStoreDetails.forCertificate(certificate).withPrivateKey(key);
    return SslBundle.of(new PemSslStoreBundle(pair, null));
  }

  @Test
  void newCertificate_isTakenUp_withoutAFailedRequest() throws IOException, InterruptedException {
    as("boss").putJson("/v1/models/busy", SPEC);
    var taken = new Semaphore(0);
    server
        .context()
        .getBean(SslBundles.class)
        .addBundleUpdateHandler("server", _ -> taken.release());
    var until = new AtomicInteger(Integer.MAX_VALUE);
    var answered = new AtomicInteger();
    var clients = new ArrayList<CompletableFuture<Void>>();
    for (int i = 0; i < 4; i++) {
      clients.add(
          CompletableFuture.runAsync(() -> {
            while (answered.get() < until.get()) { // each a connection and a handshake of its own
              as("alice").get("/v1/models/busy/weights").is(200);
              answered.incrementAndGet();
            }
          }));
    }
    SSLContext looking = certificates.client("alice");
    String next = shown(looking).equals(certificates.serial("server")) ? "server2" : "server";
    certificates.write(next, "server.key", true);
    certificates.write(next, "server.pem", false);
    do { // what was written before may be taken up once more
      assertThat(taken.tryAcquire(MOST_NANOS, TimeUnit.NANOSECONDS)).isTrue();
    } while (!shown(certificates.client("alice")).equals(certificates.serial(next)));
    until.set(answered.get() + 20);
    clients.forEach(CompletableFuture::join);
    assertThat(answered.get()).isGreaterThan(20);
  }
}
