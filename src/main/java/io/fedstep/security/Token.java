package io.fedstep.security;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fedstep.model.Name;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A caller in the configuration.
 *
 * @param id the caller's name: a client's is the one in its updates' addresses
 * @param sha256 of the bearer token, 64 hex digits; null for a caller that shows a certificate or a
 *     JWT
 * @param subject the caller's name where a JWT or a certificate proves it: the claim, the subject,
 *     a URI or a mail address; the id is then this subject's alone
 * @param role the rights in these models
 * @param models globs of the caller's models
 */
public record Token(
    String id, @Nullable String sha256, @Nullable String subject, Role role, List<String> models) {
  private static final String HEX = "[0-9a-f]{64}";
  private static final int LONGEST_SUBJECT = 1024;

  public Token {
    if (id == null || role == null || models == null) {
      throw new IllegalArgumentException("each token has an id, a role and models");
    }
    Name.check("id", id);
    sha256 = sha256 == null ? null : sha256.toLowerCase(Locale.ROOT);
    if (sha256 != null && !sha256.matches(HEX)) {
      throw new IllegalArgumentException(
          "the sha256 of '%s' is no 64 hex digits; printf %%s TOKEN | sha256sum gives it"
              .formatted(id));
    }
    if (subject != null && (subject.isBlank() || subject.length() > LONGEST_SUBJECT)) {
      throw new IllegalArgumentException(
          "the subject of '%s' has to have 1 to %s characters"
              .formatted(id, Integer.toString(LONGEST_SUBJECT)));
    }
    models = List.copyOf(models);
    for (String glob : models) {
      if (!glob.matches("[A-Za-z0-9._*-]{1,128}")) {
        throw new IllegalArgumentException(
            "'%s' of '%s' is no glob of model names".formatted(glob, id));
      }
    }
  }

  /** The hash of a token, as the configuration has it. */
  public static String sha256(String token) {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(token.getBytes(UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The sender of a request that shows this token. */
  Caller caller() {
    return new Caller(id, role, models);
  }
}
