package io.fedstep.quota;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The connections of one address. */
class PeerConnectionsTest {
  private static Stream<String> peers(int far, int proxy) {
    return Stream.concat(
        Collections.nCopies(far, "203.0.113.7").stream(),
        Stream.concat(Collections.nCopies(proxy, "10.0.0.1").stream(), Stream.of("203.0.113.8")));
  }

  @Test
  void asManyAreRefused_asAreTooMany() {
    var connections = new PeerConnections(3, "10.0.0.1"::equals);
    assertThat(connections.refuses("203.0.113.7")).isFalse();
    connections.look(peers(5, 9));
    assertThat(connections.refuses("203.0.113.8")).isFalse();
    assertThat(connections.refuses("10.0.0.1")).isFalse();
    assertThat(connections.refuses("203.0.113.7")).isTrue();
    assertThat(connections.refuses("203.0.113.7")).isTrue();
    assertThat(connections.refuses("203.0.113.7")).isFalse();
    connections.look(peers(4, 0));
    assertThat(connections.refuses("203.0.113.7")).isTrue();
    connections.look(peers(3, 0));
    assertThat(connections.refuses("203.0.113.7")).isFalse();
  }
}
