package io.fedstep.security;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.List;
import org.springframework.core.io.ByteArrayResource;

/** A file of tokens, and globs, of anything. */
class TokensFuzzTest {
  @FuzzTest(maxDuration = "2m")
  void file(byte[] bytes) {
    try (var credentials = new Credentials(List.of(), new ByteArrayResource(bytes))) {
      assertThat(credentials.byToken("")).isNull();
    } catch (IllegalArgumentException e) {
      assertThat(e).hasMessageContaining("is no file of tokens");
    }
  }

  @FuzzTest(maxDuration = "2m")
  void glob(byte[] bytes) {
    String text = new String(bytes, UTF_8);
    int half = text.length() / 2;
    String name = text.substring(half).replace("*", "");
    assertThat(Glob.matches(name, name)).isTrue();
    assertThat(Glob.matches("*", text)).isTrue();
    assertThat(Glob.matches("*" + name, text)).isEqualTo(text.endsWith(name));
    Glob.matches(text.substring(0, half), name);
  }
}
