package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.client.Administration;
import io.fedstep.client.Fedstep;
import io.fedstep.warm.Load;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The load of {@code bin/fedstep warm}, in a size that warms nothing. */
class WarmLoadTest {
  private final URI server = URI.create("http://127.0.0.1:" + Server.shared().http().port());

  @Test
  void load_doesEachKindOfWork() throws Exception {
    List<String> progress = new ArrayList<>();
    new Load(server, Load.Size.TINY, progress::add).run();
    assertThat(progress).hasSize(5);
    try (var fedstep = Fedstep.at(server)) {
      assertThat(versionOfRemoved(fedstep, "warm-rounds")).isEqualTo(2);
      assertThat(versionOfRemoved(fedstep, "warm-crowd")).isEqualTo(3);
      assertThat(versionOfRemoved(fedstep, "warm-large")).isEqualTo(4);
      assertThat(versionOfRemoved(fedstep, "warm-json")).isEqualTo(1);
    }
  }

  private static long versionOfRemoved(Fedstep fedstep, String model) throws Exception {
    long version = fedstep.model(model).newest().version();
    Administration.of(fedstep.model(model)).delete();
    return version;
  }
}
