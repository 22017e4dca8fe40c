package io.fedstep.codec;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.model.ModelSpec;
import java.io.ByteArrayInputStream;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What a copy of a private model takes over whatever is given beside. */
class CopySpecTest {
  private static ModelRequest read(String json) {
    return ModelBody.read(new ByteArrayInputStream(json.getBytes(UTF_8)));
  }

  @Test
  void copyWithAnotherPolicy_drawsItsClientsAsTheSource() {
    ModelSpec source =
        ((NewSpec)
                read(
                    """
                    {"tensors": {"w": [5]}, "aggregator": ["averaging", {"steps_weighted": false}],
                     "round": {"participation": 0.25, "timeout": "1d", "max_updates": 2},
                     "privacy": {"clip_norm": 1, "expected_updates": 1, "noise_multiplier": 1.2,
                                 "delta": 1e-5}}\
                    """))
            .spec();
    var asked =
        (CopySpec)
            read(
                "{\"from\": {\"model\": \"m\"}, \"round\": {\"timeout\": \"2d\", \"max_updates\": 4}}");
    ModelSpec copy = asked.on(source, Metadata.NONE).spec();
    assertThat(copy.round().participation()).isEqualTo(0.25);
    assertThat(copy.round().timeout()).isEqualTo(Duration.ofDays(2));
    assertThat(copy.round().maxUpdates()).isEqualTo(4);
    assertThat(copy.isSampled()).isTrue();
  }
}
