package io.fedstep.security;

import io.fedstep.model.Name;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import jakarta.servlet.http.HttpServletRequest;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.oauth2.core.OAuth2AuthenticationException;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.security.oauth2.server.resource.authentication.JwtGrantedAuthoritiesConverter;
import org.springframework.security.oauth2.server.resource.web.DefaultBearerTokenResolver;
import org.springframework.security.web.authentication.AuthenticationConverter;

/**
 * Finds the sender of a request: by a bearer token that is known here, by a JWT (RFC 9068: a scope
 * gives the role), or by the client's certificate. What the configuration says of an id limits the
 * models of its callers.
 */
final class Identification implements AuthenticationConverter {
  /** Where the container puts a client's certificates. */
  private static final String CERTIFICATES = "jakarta.servlet.request.X509Certificate";

  private static final String SCOPE = "SCOPE_fedstep:";

  /** How far another clock may be behind; what waits with a JWT ends soon after its end. */
  private static final Duration LEEWAY = Duration.ofSeconds(5);

  private final Credentials credentials;
  private final @Nullable JwtDecoder jwts;
  private final SecurityProperties properties;
  private final InstantSource clock;
  private final DefaultBearerTokenResolver bearer = new DefaultBearerTokenResolver();
  private final JwtGrantedAuthoritiesConverter scopes = new JwtGrantedAuthoritiesConverter();

  Identification(
      Credentials credentials,
      @Nullable JwtDecoder jwts,
      SecurityProperties properties,
      InstantSource clock) {
    this.credentials = credentials;
    this.jwts = jwts;
    this.properties = properties;
    this.clock = clock;
  }

  /** Who sends the request, or null if it brings no credentials. */
  @Override
  public @Nullable Authentication convert(HttpServletRequest request) {
    String token = bearerToken(request);
    if (token != null) {
      return proven(ofToken(token), request);
    }
    return request.getAttribute(CERTIFICATES) instanceof X509Certificate[] chain && chain.length > 0
        ? proven(() -> ofCertificate(chain[0]), request)
        : null;
  }

  private static Authentication proven(Supplier<Caller> identity, HttpServletRequest request) {
    Caller caller = Rights.note(request, identity);
    return UsernamePasswordAuthenticationToken.authenticated(caller, null, List.of());
  }

  private @Nullable String bearerToken(HttpServletRequest request) {
    try {
      return bearer.resolve(request);
    } catch (OAuth2AuthenticationException e) {
      throw new NotIdentifiedException("The Authorization field holds no bearer token.");
    }
  }

  /** Who a token stands for, as it is looked up each time; a JWT's signature is checked once. */
  private Supplier<Caller> ofToken(String token) {
    if (jwts == null || credentials.byToken(token) != null) {
      return () -> known(token);
    }
    Jwt jwt = decode(jwts, token);
    return () -> ofJwt(jwt);
  }

  private Caller known(String token) {
    Caller known = credentials.byToken(token);
    if (known == null) {
      throw new NotIdentifiedException("The bearer token is not known here.");
    }
    return known;
  }

  private static Jwt decode(JwtDecoder decoder, String token) {
    try {
      return decoder.decode(token);
    } catch (BadJwtException e) {
      throw new NotIdentifiedException(
          "The bearer token is neither known here nor a valid JWT: %s.".formatted(e.getMessage()));
    } catch (JwtException e) { // the keys to check it with are not at hand
      throw new NotIdentifiedException(
          Refusal.of(Problem.NOT_READY, "The JWT cannot be checked now: " + e.getMessage())
              .retryAfter(5));
    }
  }

  private Caller ofJwt(Jwt jwt) {
    Instant end = Objects.requireNonNull(jwt.getExpiresAt()); // or it would not have been decoded
    if (clock.instant().isAfter(end.plus(LEEWAY))) {
      throw new NotIdentifiedException("The JWT expired at %s.".formatted(end));
    }
    List<String> granted =
        scopes.convert(jwt).stream().map(GrantedAuthority::getAuthority).toList();
    Role role =
        Arrays.stream(Role.values())
            .filter(one -> granted.contains(SCOPE + one.label()))
            .reduce((_, higher) -> higher)
            .orElseThrow(() ->
                new NotIdentifiedException(
                    Refusal.of(
                        Problem.FORBIDDEN,
                        "The JWT has none of the scopes fedstep:client, fedstep:observer and"
                            + " fedstep:admin.")));
    String claim = properties.jwtClientId();
    String id = checkId(jwt.getClaimAsString(claim), "The JWT's claim '%s'".formatted(claim));
    Caller listed = credentials.byId(id);
    return new Caller(id, role, listed == null ? Caller.ALL : listed.models());
  }

  private Caller ofCertificate(X509Certificate certificate) {
    String attribute = properties.certificateClientId();
    String subject = certificate.getSubjectX500Principal().getName();
    String id =
        checkId(
            attribute(subject, attribute),
            "The %s of the certificate's subject".formatted(attribute));
    Caller listed = credentials.byId(id);
    return listed == null ? new Caller(id, Role.CLIENT, Caller.ALL) : listed;
  }

  /** The first attribute of that type in a distinguished name, from its most specific end. */
  private static @Nullable String attribute(String subject, String type) {
    try {
      return new LdapName(subject)
          .getRdns().reversed().stream()
              .filter(rdn -> rdn.getType().equalsIgnoreCase(type))
              .map(Rdn::getValue)
              .map(Object::toString)
              .findFirst()
              .orElse(null);
    } catch (InvalidNameException e) {
      throw new NotIdentifiedException("The certificate's subject cannot be read.");
    }
  }

  private static String checkId(@Nullable String id, String what) {
    if (id == null || !Name.is(id)) {
      throw new NotIdentifiedException(
          "%s is %s, which is no client's id: that matches %s."
              .formatted(what, id == null ? "absent" : "'" + id + "'", Name.FORM));
    }
    return id;
  }
}
