package io.fedstep.security;

import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;

/** The names by which a certificate calls its owner. */
final class CertificateNames {
  /** Kinds of alternative names (RFC 5280, 4.2.1.6). */
  private static final int MAIL = 1;

  private static final int URI = 6;

  /** Or a mail address in a subject is written in hex. */
  private static final Map<String, String> TYPES =
      Map.of("1.2.840.113549.1.9.1", "emailAddress", "0.9.2342.19200300.100.1.1", "UID");

  private CertificateNames() {}

  /** All of them: the subject as RFC 2253 writes it, its attributes of one type, URIs and mail. */
  static List<String> of(X509Certificate certificate, String type) {
    var names = new ArrayList<String>();
    names.add(subject(certificate));
    names.addAll(attributes(certificate, type));
    try {
      Collection<List<?>> alternatives = certificate.getSubjectAlternativeNames();
      if (alternatives != null) {
        alternatives.stream()
            .filter(name -> name.get(0).equals(URI) || name.get(0).equals(MAIL))
            .forEach(name -> names.add(String.valueOf(name.get(1))));
      }
    } catch (CertificateParsingException e) {
      throw new NotIdentifiedException("The certificate's alternative names cannot be read.");
    }
    return names;
  }

  /** The first attribute of a type in the subject, from its most specific end. */
  static @Nullable String attribute(X509Certificate certificate, String type) {
    return attributes(certificate, type).stream().findFirst().orElse(null);
  }

  private static List<String> attributes(X509Certificate certificate, String type) {
    try {
      return new LdapName(subject(certificate))
          .getRdns().reversed().stream()
              .filter(rdn -> rdn.getType().equalsIgnoreCase(type))
              .map(Rdn::getValue)
              .map(Object::toString)
              .toList();
    } catch (InvalidNameException e) {
      throw new NotIdentifiedException("The certificate's subject cannot be read.");
    }
  }

  private static String subject(X509Certificate certificate) {
    return certificate.getSubjectX500Principal().getName(X500Principal.RFC2253, TYPES);
  }
}
