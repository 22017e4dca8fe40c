package io.fedstep.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.ActiveProfiles;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT)
@ActiveProfiles("demo")
@DirtiesContext // the data folder goes with the class
@ExtendWith(OutputCaptureExtension.class)
class DemoTest {
  @TempDir static Path data;

  @DynamicPropertySource
  static void dataDir(DynamicPropertyRegistry registry) {
    registry.add("fedstep.data-dir", data::toString);
  }

  @Test
  void tenClients_learnTheDigits(@Autowired Demo demo, CapturedOutput output) throws Exception {
    assertThat(demo.accuracy().get(60, TimeUnit.SECONDS)).isGreaterThanOrEqualTo(0.95);
    assertThat(output).contains("\n   99       10 ");
  }
}
