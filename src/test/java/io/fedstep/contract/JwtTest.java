package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients with JWTs of somebody else's issuing. */
class JwtTest {
  private static final String SPEC = "{\"tensors\": {\"w\": [1]}, \"round\": {\"max_updates\": 9}}";

  private static final String ISSUER =
      "spring.security.oauth2.resourceserver.jwt.public-key-location=file:";

  private static final String TOKENS =
      """
      {"tokens": [
        {"id": "site-a", "subject": "auth0|5f7c85ec", "role": "client", "models": ["toy"]},
        {"id": "pod", "subject": "system:serviceaccount:fl:trainer", "role": "observer",
         "models": ["*"]},
        {"id": "grace", "subject": "grace@hospital.example", "role": "admin", "models": ["*"]}
      ]}
      """;

  @TempDir private static Path folder;
  private static Path issuer;
  private static KeyPair keys;
  private static Server server;

  @BeforeAll
  static void start() throws IOException, NoSuchAlgorithmException {
    keys = keys();
    issuer =
        Files.writeString(
            folder.resolve("issuer.pem"),
            "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n"
                .formatted(Base64.getMimeEncoder().encodeToString(keys.getPublic().getEncoded())));
    server =
        Server.start(
            folder.resolve("data"),
            ISSUER + issuer,
            "fedstep.security.tokens[0].id=limited",
            "fedstep.security.tokens[0].role=client",
            "fedstep.security.tokens[0].models=own-*",
            "fedstep.security.tokens-file="
                + Files.writeString(folder.resolve("tokens.json"), TOKENS));
    as(claims -> claims.subject("boss").claim("scope", "openid fedstep:admin"))
        .putJson("/v1/models/toy", SPEC)
        .is(201);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  /** Short ones, which are found soon. */
  private static KeyPair keys() throws NoSuchAlgorithmException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(2048);
    return generator.generateKeyPair();
  }

  private static Http as(UnaryOperator<JWTClaimsSet.Builder> claims) {
    return server.http().as(token(keys, claims));
  }

  private static String token(KeyPair signer, UnaryOperator<JWTClaimsSet.Builder> claims) {
    return token(signer, null, claims);
  }

  private static String token(
      KeyPair signer, @Nullable String type, UnaryOperator<JWTClaimsSet.Builder> claims) {
    var valid =
        new JWTClaimsSet.Builder().expirationTime(Date.from(Instant.now().plusSeconds(600)));
    try {
      var header =
          new JWSHeader.Builder(JWSAlgorithm.RS256)
              .type(type == null ? null : new JOSEObjectType(type))
              .build();
      var jwt = new SignedJWT(header, claims.apply(valid).build());
      jwt.sign(new RSASSASigner(signer.getPrivate()));
      return jwt.serialize();
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void scope_isTheRole_andSubjectTheClient() {
    Http alice = as(claims -> claims.subject("alice").claim("scope", "fedstep:client"));
    String updates = "/v1/models/toy/rounds/0/updates/";
    alice.putJson(updates + "alice", "{\"gradient\": [1]}").is(201);
    alice.putJson(updates + "bob", "{\"gradient\": [1]}").problem(403, "forbidden");
    alice.get("/v1/models/toy/rounds").problem(403, "forbidden");
    as(claims -> claims.subject("eve").claim("scope", "fedstep:observer"))
        .get("/v1/models/toy/rounds")
        .is(200);
  }

  @Test
  void idOfTheConfiguration_limitsTheModels() {
    as(claims -> claims.subject("limited").claim("scope", "fedstep:client"))
        .get("/v1/models/toy")
        .problem(403, "forbidden");
  }

  @Test
  void subject_standsForAnId_withItsRoleAndModels() {
    Http site = as(claims -> claims.subject("auth0|5f7c85ec"));
    String updates = "/v1/models/toy/rounds/0/updates/";
    site.putJson(updates + "site-a", "{\"gradient\": [1]}").is(201);
    site.putJson(updates + "alice", "{\"gradient\": [1]}").problem(403, "forbidden");
    site.get("/v1/models/mine").problem(403, "forbidden");
    as(claims -> claims.subject("system:serviceaccount:fl:trainer"))
        .get("/v1/models/toy/rounds")
        .is(200);
    as(claims -> claims.subject("grace@hospital.example"))
        .putJson("/v1/models/graces", SPEC)
        .is(201);
  }

  @Test
  void scope_lowersTheRoleOfASubject_andDoesNotRaiseIt() {
    as(claims -> claims.subject("grace@hospital.example").claim("scope", "fedstep:observer"))
        .putJson("/v1/models/lowered", SPEC)
        .problem(403, "forbidden");
    as(claims -> claims.subject("auth0|5f7c85ec").claim("scope", "fedstep:admin"))
        .get("/v1/models/toy/rounds")
        .problem(403, "forbidden");
  }

  @Test
  void idOfASubject_isNobodyElses() {
    assertThat(reason(as(claims -> claims.subject("site-a").claim("scope", "fedstep:client"))))
        .contains("'site-a', the id of another subject");
  }

  @Test
  void role_standsWhereTheConfigurationSays() throws IOException {
    Map<String, Object> keycloak =
        Map.of("realm_access", Map.of("roles", List.of("offline_access", "fedstep:client")));
    try (Server other =
        Server.start(
            folder.resolve("roles"),
            ISSUER + issuer,
            "fedstep.security.jwt-role-claim=realm_access.roles")) {
      other
          .http()
          .as(token(keys, claims -> all(claims.subject("alice"), keycloak)))
          .get("/v1/models/toy")
          .problem(404, "model-not-found");
      assertThat(
              other
                  .http()
                  .as(token(keys, claims -> claims.subject("eve").claim("scope", "fedstep:admin")))
                  .get("/v1/models/toy")
                  .problem(403, "forbidden")
                  .path("detail")
                  .asString())
          .contains("'realm_access.roles'");
    }
  }

  private static JWTClaimsSet.Builder all(JWTClaimsSet.Builder claims, Map<String, Object> more) {
    more.forEach(claims::claim);
    return claims;
  }

  @ParameterizedTest
  @ValueSource(strings = {"JWT", "at+jwt", "AT+JWT", "application/at+jwt"})
  void accessToken_isTaken(String type) {
    server.http().as(token(keys, type, JwtTest::client)).get("/v1/models/toy/weights").is(200);
  }

  private static JWTClaimsSet.Builder client(JWTClaimsSet.Builder claims) {
    return claims.subject("alice").claim("scope", "fedstep:client");
  }

  @Test
  void tokenOfAnotherType_isRefused() {
    assertThat(reason(server.http().as(token(keys, "logout+jwt", JwtTest::client))))
        .contains("typ");
  }

  @Test
  void tokenWithoutEnd_isRefused() {
    assertThat(reason(as(claims -> client(claims).expirationTime(null)))).contains("exp");
  }

  @Test
  void tokenThatHasJustEnded_isRefused() {
    Date end = Date.from(Instant.now().minusSeconds(10));
    assertThat(reason(as(claims -> client(claims).expirationTime(end)))).contains("expired");
  }

  private static String reason(Http http) {
    return http.get("/v1/models/toy").problem(401, "unauthorized").path("detail").asString();
  }

  @Test
  void token_thatProvesNothing_isRefusedWithTheReason() throws NoSuchAlgorithmException {
    assertThat(
            reason(as(claims -> claims.subject("not a client").claim("scope", "fedstep:client"))))
        .contains("'sub'")
        .contains("'not a client'");
    assertThat(reason(as(claims -> claims.claim("scope", "fedstep:client")))).contains("absent");
    assertThat(
            reason(
                as(claims ->
                    claims
                        .subject("alice")
                        .claim("scope", "fedstep:client")
                        .expirationTime(Date.from(Instant.now().minusSeconds(600))))))
        .contains("expired");
    KeyPair other = keys();
    assertThat(
            reason(
                server
                    .http()
                    .as(
                        token(
                            other,
                            claims -> claims.subject("alice").claim("scope", "fedstep:admin")))))
        .contains("nor a valid JWT");
    assertThat(reason(server.http().as("no.jwt.atall"))).contains("nor a valid JWT");
    as(claims -> claims.subject("alice").claim("scope", "other:admin"))
        .get("/v1/models/toy")
        .problem(403, "forbidden");
  }
}
