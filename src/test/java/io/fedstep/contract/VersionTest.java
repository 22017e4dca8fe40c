package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.xml.xpath.XPathFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xml.sax.InputSource;
import tools.jackson.databind.JsonNode;

/** The version in pom.xml is the server's, and what cannot be made from it says the same. */
class VersionTest {
  private static String ofPom() throws Exception {
    var pom = new InputSource(new StringReader(Files.readString(Path.of("pom.xml"))));
    return XPathFactory.newInstance().newXPath().evaluate("/*/*[local-name()='version']", pom);
  }

  @ParameterizedTest
  @CsvSource({
    "clients/python/src/fedstep/version.py, VERSION = \"%s\"",
    "docker/Dockerfile,                     image.version=%s",
    "CHANGELOG.md,                          '## %s'",
    "docs/OPERATIONS.md,                    fedstep-%s.tar.gz",
    "README.md,                             io.fedstep:fedstep-client:%s`",
  })
  void otherPlace_saysTheSame(Path file, String text) throws Exception {
    assertThat(Files.readString(file)).contains(text.formatted(ofPom()));
  }

  @Test
  void server_tellsItsVersion() throws Exception {
    assumeTrue(
        getClass().getResource("/META-INF/build-info.properties") != null, "built without Maven");
    JsonNode info = Server.shared().http().get("/actuator/info").is(200).json();
    assertThat(info.path("build").path("version").asString()).isEqualTo(ofPom());
  }
}
