package io.fedstep.security;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.process.BesideOthers;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.security.oauth2.jwt.Jwt;

/** Where the role of a JWT stands. */
@BesideOthers
class JwtClaimsTest {
  private static @Nullable Role role(@Nullable String claim, Map<String, Object> claims) {
    var properties = new SecurityProperties(false, List.of(), null, "sub", claim, "CN", List.of());
    Jwt jwt =
        Jwt.withTokenValue("a.b.c")
            .header("alg", "RS256")
            .subject("eve")
            .claims(all -> all.putAll(claims))
            .build();
    return new JwtClaims(properties).role(jwt);
  }

  @Test
  void scope_isTheRole_unlessAnotherClaimIsNamed() {
    assertThat(role(null, Map.of("scope", "openid fedstep:admin fedstep:client")))
        .isEqualTo(Role.ADMIN);
    assertThat(role(null, Map.of("scp", List.of("fedstep:observer")))).isEqualTo(Role.OBSERVER);
    assertThat(role(null, Map.of("scope", "fedstep:client", "scp", List.of("fedstep:admin"))))
        .isEqualTo(Role.CLIENT);
    assertThat(role("roles", Map.of("scope", "fedstep:admin"))).isNull();
    assertThat(role(null, Map.of())).isNull();
  }

  @Test
  void claim_isFoundAtItsPath() {
    Map<String, Object> inner = Map.of("roles", List.of("fedstep:client", 5));
    assertThat(role("realm_access.roles", Map.of("realm_access", inner))).isEqualTo(Role.CLIENT);
    assertThat(role("a.b.roles", Map.of("a", Map.of("b", inner)))).isEqualTo(Role.CLIENT);
    assertThat(role("a.b.roles", Map.of("a.b", inner))).isEqualTo(Role.CLIENT);
    assertThat(
            role("https://fed.example/roles", Map.of("https://fed.example/roles", "fedstep:admin")))
        .isEqualTo(Role.ADMIN);
    assertThat(role("realm_access.roles", Map.of("realm_access", "roles"))).isNull();
    assertThat(role("realm_access.roles", Map.of("realm_access", Map.of("roles", 7)))).isNull();
  }

  @Test
  void rolesOfOthers_countForNothing() {
    assertThat(role("roles", Map.of("roles", List.of("admin", "fedstep-admin", "FEDSTEP:ADMIN"))))
        .isNull();
  }
}
