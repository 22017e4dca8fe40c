package io.fedstep.security;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AuditLinesTest {
  private static final long SECOND = 1_000_000_000L;

  private final AtomicLong nanos = new AtomicLong(-7 * SECOND);
  private final List<String> log = new ArrayList<>();
  private final AuditLines lines = new AuditLines(nanos::get, log::add);

  @AfterEach
  void close() {
    lines.close();
  }

  private int written(String sender, int tried) {
    int before = log.size();
    for (int i = 0; i < tried; i++) {
      lines.write(sender, () -> log.add("refused from=" + sender));
    }
    return log.size() - before;
  }

  @Test
  void sender_aboveItsRate_isCounted_andToldInOneLine() {
    assertThat(written("10.0.0.9", 10_000)).isEqualTo(300);
    nanos.addAndGet(60 * SECOND);
    assertThat(written("10.0.0.9", 10_000)).isEqualTo(300);
    log.clear();
    lines.tellOmitted();
    assertThat(log).containsExactly("omitted lines=19400 senders=1 most: 10.0.0.9=19400");
    lines.tellOmitted();
    assertThat(log).hasSize(1);
    nanos.addAndGet(2 * SECOND);
    assertThat(written("10.0.0.9", 100)).isEqualTo(10);
  }

  @Test
  void noisySender_hidesNobody() {
    written("noisy", 100_000);
    assertThat(written("quiet", 1)).isEqualTo(1);
  }

  @Test
  void manySenders_haveABoundTogether_andAreCountedInBoundedRoom() {
    int written = 0;
    for (int i = 0; i < 5000; i++) {
      written += written("10.0.%s.%s".formatted(i / 256, i % 256), 1);
    }
    assertThat(written).isEqualTo(3000);
    log.clear();
    lines.tellOmitted();
    assertThat(log)
        .singleElement()
        .asString()
        .startsWith("omitted lines=2000 senders=1001 most: others=1000 10.0.");
  }

  @Test
  void close_tellsWhatIsLeft() {
    written("10.0.0.9", 301);
    log.clear();
    lines.close();
    assertThat(log).containsExactly("omitted lines=1 senders=1 most: 10.0.0.9=1");
  }
}
