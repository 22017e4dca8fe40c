package io.fedstep.security;

import io.fedstep.model.Name;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import jakarta.servlet.http.HttpServletRequest;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.oauth2.core.OAuth2AuthenticationException;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.security.oauth2.server.resource.web.DefaultBearerTokenResolver;
import org.springframework.security.web.authentication.AuthenticationConverter;

/**
 * Finds the sender of a request: by a bearer token that is known here, by a JWT (RFC 9068: a scope
 * gives the role), or by the client's certificate. The configuration's entry for a subject gives
 * its id, role and models; one for an id limits the models of whoever has it by themselves.
 */
final class Identification implements AuthenticationConverter {
  /** Where the container puts a client's certificates. */
  private static final String CERTIFICATES = "jakarta.servlet.request.X509Certificate";

  /** How far another clock may be behind; what waits with a JWT ends soon after its end. */
  private static final Duration LEEWAY = Duration.ofSeconds(5);

  private final Credentials credentials;
  private final @Nullable JwtDecoder jwts;
  private final JwtClaims claims;
  private final SecurityProperties properties;
  private final InstantSource clock;
  private final DefaultBearerTokenResolver bearer = new DefaultBearerTokenResolver();

  Identification(
      Credentials credentials,
      @Nullable JwtDecoder jwts,
      SecurityProperties properties,
      InstantSource clock) {
    this.credentials = credentials;
    this.jwts = jwts;
    this.claims = new JwtClaims(properties);
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
    Role role = claims.role(jwt);
    String subject = claims.subject(jwt);
    Caller mapped = subject == null ? null : credentials.bySubject(subject);
    if (mapped != null) {
      return role == null || role.compareTo(mapped.role()) > 0
          ? mapped
          : new Caller(mapped.id(), role, mapped.models());
    }
    if (role == null) {
      throw new NotIdentifiedException(
          Refusal.of(
              Problem.FORBIDDEN,
              "The JWT's claim '%s' has none of fedstep:client, fedstep:observer and fedstep:admin."
                  .formatted(claims.roleClaims())));
    }
    String id = checkId(subject, "The JWT's claim '%s'".formatted(claims.subjectClaim()));
    Caller listed = credentials.byId(id);
    return new Caller(id, role, listed == null ? Caller.ALL : listed.models());
  }

  private Caller ofCertificate(X509Certificate certificate) {
    String attribute = properties.certificateClientId();
    List<Caller> mapped =
        CertificateNames.of(certificate, attribute).stream()
            .map(credentials::bySubject)
            .filter(Objects::nonNull)
            .distinct()
            .toList();
    if (mapped.size() > 1) {
      throw new NotIdentifiedException(
          "The certificate's names are those of %s: it has to be one."
              .formatted(mapped.stream().map(Caller::id).collect(Collectors.joining(" and "))));
    }
    if (!mapped.isEmpty()) {
      return mapped.getFirst();
    }
    String id =
        checkId(
            CertificateNames.attribute(certificate, attribute),
            "The %s of the certificate's subject".formatted(attribute));
    Caller listed = credentials.byId(id);
    return listed == null ? new Caller(id, Role.CLIENT, Caller.ALL) : listed;
  }

  private String checkId(@Nullable String id, String what) {
    if (id == null || !Name.is(id)) {
      throw new NotIdentifiedException(
          "%s is %s, which is no client's id: that matches %s, or the entry of a token has it as its 'subject'."
              .formatted(what, id == null ? "absent" : "'" + id + "'", Name.FORM));
    }
    if (credentials.isMapped(id)) {
      throw new NotIdentifiedException(
          "%s is '%s', the id of another subject.".formatted(what, id));
    }
    return id;
  }
}
