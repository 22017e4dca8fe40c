package io.fedstep.contract;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import javax.security.auth.x500.X500Principal;

/** A key and the certificate of it that it has signed itself, for {@code localhost} (RFC 5280). */
record SelfSigned(PrivateKey key, X509Certificate certificate) {
  private static final int INTEGER = 0x02;
  private static final int BITS = 0x03;
  private static final int OCTETS = 0x04;
  private static final int TIME = 0x17;
  private static final int SEQUENCE = 0x30;
  private static final int VERSION = 0xa0;
  private static final int EXTENSIONS = 0xa3;
  private static final int MAIL = 0x81;
  private static final int DNS_NAME = 0x82;
  private static final int URI = 0x86;

  private static final byte[] ECDSA_WITH_SHA256 =
      HexFormat.of().parseHex("300a06082a8648ce3d040302");
  private static final byte[] SUBJECT_ALT_NAME = HexFormat.of().parseHex("0603551d11");

  private static final DateTimeFormatter UTC_TIME =
      DateTimeFormatter.ofPattern("yyMMddHHmmss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);
  private static final int DAY_SECONDS = 24 * 60 * 60;

  /**
   * One that is valid from yesterday until tomorrow, of an owner with other names, such as URIs.
   */
  static SelfSigned of(String subject, int serial, List<String> others)
      throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    KeyPair keys = generator.generateKeyPair();
    byte[] name = new X500Principal(subject).getEncoded();
    var alternatives = new ArrayList<byte[]>();
    alternatives.add(der(DNS_NAME, "localhost".getBytes(US_ASCII)));
    for (String other : others) {
      alternatives.add(der(other.contains(":") ? URI : MAIL, other.getBytes(US_ASCII)));
    }
    byte[] names = der(SEQUENCE, alternatives.toArray(byte[][]::new));
    Instant now = Instant.now();
    byte[] signed =
        der(
            SEQUENCE,
            der(VERSION, der(INTEGER, new byte[] {2})),
            der(INTEGER, BigInteger.valueOf(serial).toByteArray()),
            ECDSA_WITH_SHA256,
            name,
            der(SEQUENCE, time(now.minusSeconds(DAY_SECONDS)), time(now.plusSeconds(DAY_SECONDS))),
            name,
            keys.getPublic().getEncoded(),
            der(EXTENSIONS, der(SEQUENCE, der(SEQUENCE, SUBJECT_ALT_NAME, der(OCTETS, names)))));
    Signature signature = Signature.getInstance("SHA256withECDSA");
    signature.initSign(keys.getPrivate());
    signature.update(signed);
    byte[] whole =
        der(SEQUENCE, signed, ECDSA_WITH_SHA256, der(BITS, new byte[1], signature.sign()));
    return new SelfSigned(
        keys.getPrivate(),
        (X509Certificate)
            CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(whole)));
  }

  private static byte[] time(Instant time) {
    return der(TIME, UTC_TIME.format(time).getBytes(US_ASCII));
  }

  /** A value in DER: its tag, its length, and what it is made of, less than 64 KiB. */
  private static byte[] der(int tag, byte[]... parts) {
    var content = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      content.writeBytes(part);
    }
    int length = content.size();
    var value = new ByteArrayOutputStream();
    value.write(tag);
    if (length >= 256) {
      value.write(0x82);
      value.write(length >> 8);
    } else if (length >= 128) {
      value.write(0x81);
    }
    value.write(length);
    value.writeBytes(content.toByteArray());
    return value.toByteArray();
  }
}
