package io.fedstep.contract;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Keys and self-signed certificates, written into a folder. */
final class Certificates {
  private static final char[] PASSWORD = "changeit".toCharArray();

  private final Map<String, SelfSigned> issued = new HashMap<>();
  private final Path folder;

  Certificates(Path folder) {
    this.folder = folder;
  }

  /** Makes a key and a certificate of a subject and its other names, under a name of its own. */
  void issue(String name, String subject, String... others) {
    try {
      issued.put(name, SelfSigned.of(subject, issued.size() + 1, List.of(others)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private SelfSigned get(String name) {
    SelfSigned one = issued.get(name);
    if (one == null) {
      throw new IllegalArgumentException(name);
    }
    return one;
  }

  /** Writes a certificate, or the key of one, as PEM. */
  Path write(String name, String file, boolean key) {
    try {
      String what = key ? "PRIVATE KEY" : "CERTIFICATE";
      byte[] bytes = key ? get(name).key().getEncoded() : get(name).certificate().getEncoded();
      Path fresh = folder.resolve(file + ".new");
      Files.writeString(
          fresh,
          "-----BEGIN %s-----\n%s\n-----END %s-----\n"
              .formatted(
                  what, Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes), what));
      return Files.move(fresh, folder.resolve(file), StandardCopyOption.REPLACE_EXISTING);
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The serial number of a certificate that was issued. */
  String serial(String name) {
    return get(name).certificate().getSerialNumber().toString();
  }

  /** Trusts the servers, and shows the certificate of that name, or none. */
  SSLContext client(String name) {
    try {
      KeyStore trusted = empty();
      for (String server : List.of("server", "server2")) {
        trusted.setCertificateEntry(server, get(server).certificate());
      }
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(trusted);
      KeyStore own = empty();
      if (!name.isEmpty()) {
        SelfSigned one = get(name);
        own.setKeyEntry(name, one.key(), PASSWORD, new Certificate[] {one.certificate()});
      }
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(own, PASSWORD);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), trust.getTrustManagers(), new SecureRandom());
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static KeyStore empty() throws GeneralSecurityException, IOException {
    KeyStore keys = KeyStore.getInstance("JKS"); // PKCS12 derives keys slowly, of which none stays
    keys.load(null, null);
    return keys;
  }
}
