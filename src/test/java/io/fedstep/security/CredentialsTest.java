package io.fedstep.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.fedstep.LogLines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.io.FileSystemResource;

class CredentialsTest {
  /** SHA-256 of {@code secret}. */
  private static final String SECRET =
      "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

  /** SHA-256 of {@code other}. */
  private static final String OTHER =
      "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa";

  private static final Token ALICE =
      new Token("alice", SECRET, null, Role.CLIENT, List.of("digits"));

  private static String file(String sha256) {
    return """
    {"tokens": [{"id": "bob", "sha256": "%s", "role": "observer", "models": ["*"]}]}\
    """
        .formatted(sha256);
  }

  @Test
  void token_isKnownByItsHash() {
    try (var credentials = new Credentials(List.of(ALICE), null)) {
      assertThat(credentials.byToken("secret")).isEqualTo(ALICE.caller());
      assertThat(credentials.byToken("Secret")).isNull();
      assertThat(credentials.byToken(SECRET)).as("the hash is no token").isNull();
      assertThat(credentials.byId("alice")).isEqualTo(ALICE.caller());
    }
  }

  @Test
  void file_thatGoesBad_isToldOnceAndShown_untilItIsGoodAgain(@TempDir Path folder)
      throws IOException {
    Path path = folder.resolve("tokens.json");
    Files.writeString(path, file(OTHER));
    try (var credentials = new Credentials(List.of(ALICE), new FileSystemResource(path));
        var log = LogLines.of(Credentials.class.getName(), Level.INFO)) {
      assertThat(credentials.areAsInFile()).isTrue();
      Files.delete(path);
      credentials.reload();
      credentials.reload();
      assertThat(credentials.areAsInFile()).isFalse();
      assertThat(log.lines()).hasSize(1).first().asString().startsWith("ERROR ");
      Files.writeString(path, file(OTHER));
      credentials.reload();
      assertThat(credentials.areAsInFile()).as("the same is there again").isTrue();
      Files.writeString(path, "{\"tokens\": [{");
      credentials.reload();
      credentials.reload();
      assertThat(credentials.areAsInFile()).isFalse();
      assertThat(log.lines()).hasSize(3);
    }
  }

  @Test
  void change_namesWhoCameAndWent_andWarnsOfNone(@TempDir Path folder) throws IOException {
    Path path = folder.resolve("tokens.json");
    Files.writeString(path, file(OTHER));
    try (var credentials = new Credentials(List.of(), new FileSystemResource(path));
        var log = LogLines.of(Credentials.class.getName(), Level.INFO)) {
      Files.writeString(path, file(OTHER).replace("bob", "carol"));
      credentials.reload();
      Files.writeString(path, "{\"tokens\": []}");
      credentials.reload();
      assertThat(log.lines())
          .satisfiesExactly(
              line -> assertThat(line).startsWith("INFO ").endsWith("came: carol; went: bob"),
              line -> assertThat(line).startsWith("INFO ").endsWith("came: none; went: carol"),
              line -> assertThat(line).startsWith("WARN ").contains("nobody is let in"));
    }
  }

  @Test
  void file_isReadAgain_andABadOneChangesNothing(@TempDir Path folder) throws IOException {
    Path path = folder.resolve("tokens.json");
    Files.writeString(path, file(OTHER));
    try (var credentials = new Credentials(List.of(ALICE), new FileSystemResource(path))) {
      assertThat(credentials.byToken("other")).extracting(Caller::id).isEqualTo("bob");
      Files.writeString(path, "{\"tokens\": [{");
      credentials.reload();
      assertThat(credentials.byToken("other")).isNotNull();
      Files.delete(path);
      credentials.reload();
      assertThat(credentials.byToken("other")).isNotNull();
      Files.writeString(path, "{\"tokens\": []}");
      credentials.reload();
      assertThat(credentials.byToken("other")).isNull();
      assertThat(credentials.byToken("secret")).isNotNull();
      assertThat(credentials.areConfigured()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'tokens': [{'id': 'bob', 'sha256': 'abc', 'role': 'client', 'models': ['*']}]}",
        "{'tokens': [{'id': 'b b', 'role': 'client', 'models': ['*']}]}",
        "{'tokens': [{'id': 'bob', 'role': 'king', 'models': ['*']}]}",
        "{'tokens': [{'id': 'bob', 'role': 1, 'models': ['*']}]}",
        "{'tokens': [{'id': 'bob', 'role': 'client', 'models': ['a b']}]}",
        "{'tokens': [{'id': 'bob', 'role': 'client', 'model': ['*']}]}",
        "{'tokens': [{'role': 'client', 'models': ['*']}]}",
        "{'tokens': [{'id': 'bob', 'subject': ' ', 'role': 'client', 'models': ['*']}]}",
        "{'tokens': [{'id': 'bob', 'models': ['*']}]}",
        "{'tokens': [{'id': 'bob', 'role': 'client'}]}",
        "{'tokens': [{'id': 'bob', 'role': 'client', 'models': [null]}]}",
        "{'tokens': [null]}",
        "{'tokens': 5}",
        "{'tokens': null}",
        "",
        "{}",
        "[]",
        "{'token': []}",
        "{'tokens': []} []",
        "{'tokens': [",
      })
  void file_thatIsNone_isRefusedAndNamed(String json, @TempDir Path folder) throws IOException {
    Path path = Files.writeString(folder.resolve("tokens.json"), json.replace('\'', '"'));
    assertThatThrownBy(() -> new Credentials(List.of(), new FileSystemResource(path)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("tokens.json");
  }

  @Test
  void missingFile_endsTheStart_withWhatToDo(@TempDir Path folder) {
    var missing = new FileSystemResource(folder.resolve("t.json"));
    assertThatThrownBy(() -> new Credentials(List.of(), missing))
        .isInstanceOf(TokensException.class)
        .hasMessageContaining("t.json")
        .hasMessageContaining("there is none")
        .satisfies(e -> {
          var start = new IllegalStateException("a bean cannot be made", e);
          FailureAnalysis told =
              Objects.requireNonNull(new TokensException.Analyzer().analyze(start));
          assertThat(told.getDescription()).contains("t.json");
          assertThat(told.getAction()).contains("FEDSTEP_SECURITY_TOKENS_FILE");
        });
  }

  @Test
  void contradictions_areRefused() {
    var otherRole = new Token("alice", OTHER, null, Role.ADMIN, List.of("digits"));
    assertThatThrownBy(() -> new Credentials(List.of(ALICE, otherRole), null))
        .hasMessageContaining("'alice' stands there twice");
    var sameToken = new Token("bob", SECRET, null, Role.CLIENT, List.of("digits"));
    assertThatThrownBy(() -> new Credentials(List.of(ALICE, sameToken), null))
        .hasMessageContaining("same token");
    var second = new Token("alice", OTHER, null, Role.CLIENT, List.of("digits"));
    try (var rotating = new Credentials(List.of(ALICE, second), null)) {
      assertThat(rotating.byToken("secret")).isEqualTo(rotating.byToken("other"));
    }
  }

  @Test
  void subject_isOneCallers_whoseIdNobodyElseHas() {
    var subject = new Token("site-a", null, "auth0|5f7c", Role.CLIENT, List.of("*"));
    var second = new Token("site-a", null, "spiffe://test/a", Role.CLIENT, List.of("*"));
    try (var credentials = new Credentials(List.of(ALICE, subject, second), null)) {
      assertThat(credentials.bySubject("auth0|5f7c")).isEqualTo(subject.caller());
      assertThat(credentials.bySubject("spiffe://test/a")).isEqualTo(subject.caller());
      assertThat(credentials.bySubject("AUTH0|5F7C")).isNull();
      assertThat(credentials.isMapped("site-a")).isTrue();
      assertThat(credentials.isMapped("alice")).isFalse();
    }
    var other = new Token("site-b", null, "auth0|5f7c", Role.CLIENT, List.of("*"));
    assertThatThrownBy(() -> new Credentials(List.of(subject, other), null))
        .hasMessageContaining("'site-a' and 'site-b' have the same subject");
  }

  @ParameterizedTest
  @CsvSource({
    "*, anything, true",
    "digits, digits, true",
    "digits, digits2, false",
    "digits*, digits, true",
    "ct-*-v2, ct-lung-v2, true",
    "ct-*-v2, ct-lung-v3, false",
    "*a*b*, xxaxxbxx, true",
    "*a*b*, xxbxxaxx, false",
    "a*a, a, false",
    "'', a, false",
    "***, '', true",
  })
  void globs(String glob, String text, boolean matches) {
    assertThat(Glob.matches(glob, text)).isEqualTo(matches);
  }
}
