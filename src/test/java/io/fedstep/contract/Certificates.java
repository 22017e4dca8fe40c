package io.fedstep.contract;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Keys and self-signed certificates in a folder, made by the JDK's keytool. */
final class Certificates {
  private static final String PASSWORD = "changeit";

  private final Path folder;

  Certificates(Path folder) {
    this.folder = folder;
  }

  private void keytool(String... arguments) {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments));
    command.addAll(
        List.of("-keystore", store().toString(), "-storetype", "PKCS12", "-storepass", PASSWORD));
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), US_ASCII);
      if (process.onExit().join().exitValue() != 0) {
        throw new IllegalStateException(String.join(" ", command) + "\n" + said);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path store() {
    return folder.resolve("all.p12");
  }

  /** Makes a key and a certificate of a subject, under a name of its own. */
  void issue(String name, String subject) {
    keytool(
        "-genkeypair",
        "-alias",
        name,
        "-dname",
        subject,
        "-ext",
        "san=dns:localhost",
        "-keyalg",
        "EC",
        "-groupname",
        "secp256r1",
        "-validity",
        "2");
  }

  /** Writes a certificate, or the key of one, as PEM. */
  Path write(String name, String file, boolean key) {
    try {
      Key of = key ? load().getKey(name, PASSWORD.toCharArray()) : null;
      Certificate certificate = load().getCertificate(name);
      String what = of != null ? "PRIVATE KEY" : "CERTIFICATE";
      byte[] bytes = of != null ? of.getEncoded() : certificate.getEncoded();
      Path fresh = folder.resolve(file + ".new");
      Files.writeString(
          fresh,
          "-----BEGIN %s-----\n%s\n-----END %s-----\n"
              .formatted(
                  what, Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes), what));
      return Files.move(
          fresh, folder.resolve(file), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private KeyStore load() throws GeneralSecurityException, IOException {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store())) {
      keys.load(in, PASSWORD.toCharArray());
    }
    return keys;
  }

  /** The serial number of a certificate that was issued. */
  String serial(String name) {
    try {
      return ((java.security.cert.X509Certificate) load().getCertificate(name))
          .getSerialNumber()
          .toString();
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Trusts the servers, and shows the certificate of that name, or none. */
  SSLContext client(String name) {
    try {
      KeyStore all = load();
      KeyStore trusted = KeyStore.getInstance("PKCS12");
      trusted.load(null, null);
      for (String server : List.of("server", "server2")) {
        trusted.setCertificateEntry(server, all.getCertificate(server));
      }
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(trusted);
      KeyStore own = KeyStore.getInstance("PKCS12");
      own.load(null, null);
      if (!name.isEmpty()) {
        own.setKeyEntry(
            name,
            all.getKey(name, PASSWORD.toCharArray()),
            PASSWORD.toCharArray(),
            all.getCertificateChain(name));
      }
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(own, PASSWORD.toCharArray());
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), trust.getTrustManagers(), new SecureRandom());
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
