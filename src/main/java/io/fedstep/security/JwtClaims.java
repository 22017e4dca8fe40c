package io.fedstep.security;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.security.oauth2.jwt.Jwt;

/** The subject and the role in the claims of a JWT, as the configuration names them. */
final class JwtClaims {
  private static final String ROLE = "fedstep:";

  /** The claims of RFC 8693 and of issuers before it. */
  private static final List<String> SCOPES = List.of("scope", "scp");

  private final String subject;
  private final List<String> roles;

  JwtClaims(SecurityProperties properties) {
    subject = properties.jwtClientId();
    roles = properties.jwtRoleClaim() == null ? SCOPES : List.of(properties.jwtRoleClaim());
  }

  /** The name of the claim that is the subject. */
  String subjectClaim() {
    return subject;
  }

  @Nullable String subject(Jwt jwt) {
    return jwt.getClaimAsString(subject);
  }

  /** The names of the claims that have the role. */
  String roleClaims() {
    return String.join("' or '", roles);
  }

  /** The highest role of a JWT, or null. */
  @Nullable Role role(Jwt jwt) {
    List<String> granted =
        roles.stream()
            .map(claim -> find(jwt.getClaims(), claim))
            .filter(Objects::nonNull)
            .findFirst()
            .map(JwtClaims::words)
            .orElse(List.of());
    return Arrays.stream(Role.values())
        .filter(role -> granted.contains(ROLE + role.label()))
        .reduce((_, higher) -> higher)
        .orElse(null);
  }

  /** The value at a path whose steps are joined by dots, of which a step's name may have some. */
  private static @Nullable Object find(Map<?, ?> claims, String path) {
    if (claims.containsKey(path)) {
      return claims.get(path);
    }
    for (int dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
      if (claims.get(path.substring(0, dot)) instanceof Map<?, ?> inner) {
        Object found = find(inner, path.substring(dot + 1));
        if (found != null) {
          return found;
        }
      }
    }
    return null;
  }

  /** The texts of a list, or the words of a text. */
  private static List<String> words(Object value) {
    return switch (value) {
      case String text -> List.of(text.split(" ", -1));
      case Collection<?> all -> all.stream().map(String::valueOf).toList();
      default -> List.of();
    };
  }
}
