package io.fedstep.security;

import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.util.Collections;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.ssl.DefaultSslBundleRegistry;
import org.springframework.boot.ssl.SslBundle;

/**
 * The keys and certificates of TLS. What comes for those that are in use is taken up only when each
 * key is its certificate's: a certificate whose key comes later would fail every connection.
 */
public final class CheckedSslBundles extends DefaultSslBundleRegistry {
  private static final Logger LOG = LoggerFactory.getLogger(CheckedSslBundles.class);
  private static final byte[] ANYTHING =
      "fedstep".getBytes(java.nio.charset.StandardCharsets.UTF_8);

  private static final String MISMATCH = "its key is another certificate's";

  private final Set<String> refused = ConcurrentHashMap.newKeySet();

  @Override
  public void registerBundle(String name, SslBundle bundle) {
    if (MISMATCH.equals(fault(bundle))) { // what cannot be read is told by whoever uses it
      throw new MismatchException("TLS with the ssl bundle '%s': %s.".formatted(name, MISMATCH));
    }
    super.registerBundle(name, bundle);
  }

  @Override
  public void updateBundle(String name, SslBundle bundle) {
    String why = fault(bundle);
    if (why == null) {
      super.updateBundle(name, bundle);
      refused.remove(name);
      LOG.info("the certificate of ssl bundle '{}' was taken up", name);
    } else {
      refused.add(name);
      LOG.warn(
          "the new certificate of ssl bundle '{}' is not taken up, the one before stays: {}",
          name,
          why);
    }
  }

  /** Bundles of which something newer lies there that cannot be used. */
  public int refused() {
    return refused.size();
  }

  private static @Nullable String fault(SslBundle bundle) {
    try {
      KeyStore trusted = bundle.getStores().getTrustStore(); // which has to be readable, too
      KeyStore keys = bundle.getStores().getKeyStore();
      if (keys == null) {
        return trusted == null ? "there is neither a key nor a certificate" : null;
      }
      String password = bundle.getKey().getPassword();
      String either = password == null ? bundle.getStores().getKeyStorePassword() : password;
      for (String alias : Collections.list(keys.aliases())) {
        Key key = keys.getKey(alias, either == null ? null : either.toCharArray());
        if (key instanceof PrivateKey own && !fit(own, keys.getCertificate(alias).getPublicKey())) {
          return MISMATCH;
        }
      }
      return null;
    } catch (GeneralSecurityException | RuntimeException e) {
      return String.valueOf(e.getMessage());
    }
  }

  /** Whether a key signs what the other proves; yes where this cannot be tried. */
  private static boolean fit(PrivateKey own, PublicKey shown) throws GeneralSecurityException {
    String algorithm =
        switch (own.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          case "EdDSA", "Ed25519", "Ed448" -> "EdDSA";
          default -> "";
        };
    if (algorithm.isEmpty()) {
      return true;
    }
    if (!own.getAlgorithm().equals(shown.getAlgorithm())) {
      return false;
    }
    Signature signing = Signature.getInstance(algorithm);
    signing.initSign(own);
    signing.update(ANYTHING);
    byte[] signature = signing.sign();
    Signature proving = Signature.getInstance(algorithm);
    proving.initVerify(shown);
    proving.update(ANYTHING);
    return proving.verify(signature);
  }

  /** A certificate and a key of the configuration do not belong together. */
  static final class MismatchException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    MismatchException(String message) {
      super(message);
    }
  }

  /** Shows it at start without a stack trace. */
  static final class Analyzer extends AbstractFailureAnalyzer<MismatchException> {
    @Override
    protected FailureAnalysis analyze(Throwable root, MismatchException cause) {
      return new FailureAnalysis(
          String.valueOf(cause.getMessage()),
          "Give the certificate the key that it was made with (spring.ssl.bundle; docs/SECURITY.md):"
              + " no connection would come about with another.",
          cause);
    }
  }
}
