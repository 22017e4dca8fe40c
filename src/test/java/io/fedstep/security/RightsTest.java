package io.fedstep.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fedstep.problem.Problem;
import io.fedstep.problem.RefusedException;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.security.oauth2.jwt.Jwt;

/** Credentials that are looked at again while a request is answered. */
class RightsTest {
  private static final Instant START = Instant.parse("2026-01-01T12:00:00Z");

  private final AtomicReference<Instant> now = new AtomicReference<>(START);
  private final Credentials credentials = new Credentials(List.of(), null);
  private final SecurityProperties properties =
      new SecurityProperties(false, List.of(), null, "sub", null, "CN", List.of());
  private final MockHttpServletRequest request =
      new MockHttpServletRequest("GET", "/v1/models/toy/events");
  private final MockHttpServletResponse response = new MockHttpServletResponse();

  @AfterEach
  void close() {
    credentials.close();
  }

  private void identify(String scope) {
    var jwt =
        Jwt.withTokenValue("a.b.c")
            .header("alg", "RS256")
            .subject("eve")
            .claim("scope", scope)
            .expiresAt(START.plusSeconds(60))
            .build();
    request.addHeader("Authorization", "Bearer a.b.c");
    var identification = new Identification(credentials, _ -> jwt, properties, now::get);
    assertThat(identification.convert(request)).isNotNull();
  }

  private Problem problem() {
    return catchThrowableOfType(RefusedException.class, () -> Rights.check(request, response))
        .refusal()
        .problem();
  }

  @Test
  void jwtThatRunsOut_isRefused_secondsAfterItsEnd() {
    identify("fedstep:observer");
    now.set(START.plusSeconds(62));
    Rights.check(request, response);
    now.set(START.plusSeconds(66));
    assertThat(problem()).isEqualTo(Problem.UNAUTHORIZED);
    assertThat(response.getHeader("WWW-Authenticate")).contains("invalid_token");
  }

  @Test
  void rights_areThoseOfTheRequest() {
    identify("fedstep:client");
    assertThat(problem()).isEqualTo(Problem.FORBIDDEN);
  }

  @Test
  void requestOfNobody_onAServerThatAsksNobody_mayGoOn() {
    Rights.check(request, response);
  }
}
