package io.fedstep.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ForwardedValveTest {
  private static final String PROXY = "10.0.0.1";
  private static final String STRANGER = "10.9.0.1";

  /** What is left of fields that come from an address. */
  private static Map<String, String> left(String from, String... fields) throws Exception {
    var request = new org.apache.coyote.Request();
    request.peerAddr().setString(from);
    for (String field : fields) {
      String[] parts = field.split(": ", 2);
      request.getMimeHeaders().addValue(parts[0]).setString(parts[1]);
    }
    var left = new TreeMap<String, String>();
    var valve =
        new ForwardedValve(new Proxies("10.0.0.0/16"), "X-Forwarded-For", "X-Forwarded-Proto");
    valve.setNext(
        new ValveBase() {
          @Override
          public void invoke(Request passed, Response answer) {
            request
                .getMimeHeaders()
                .toMap()
                .forEach((name, value) -> left.put(name.toLowerCase(Locale.ROOT), value));
          }
        });
    valve.invoke(
        new Request(new Connector(), request), new Response(new org.apache.coyote.Response()));
    return left;
  }

  @Test
  void stranger_isNotBelieved() throws Exception {
    assertThat(
            left(
                STRANGER,
                "Host: fed.lan",
                "X-Forwarded-For: 1.2.3.4",
                "x-forwarded-proto: https",
                "X-Forwarded-Host: evil.example",
                "Forwarded: for=1.2.3.4"))
        .isEqualTo(Map.of("host", "fed.lan"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1.2.3.4 | 1.2.3.4",
        "6.6.6.6, 1.2.3.4 | 1.2.3.4",
        "6.6.6.6, 1.2.3.4, 10.0.0.7 | 1.2.3.4",
        "line\u0085break, 1.2.3.4 | 1.2.3.4",
        "10.0.0.8, 10.0.0.7 | 10.0.0.8",
        "2001:db8::1 | 2001:db8::1",
      })
  void proxy_isBelieved_asFarAsProxiesGo(String field, String address) throws Exception {
    assertThat(left(PROXY, "X-Forwarded-For: " + field, "X-Forwarded-Proto: https"))
        .isEqualTo(Map.of("x-forwarded-for", address, "x-forwarded-proto", "https"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"made up", "1.2.3.4\u0085", "unknown", "localhost", "999.1.1.1", "fe80::1%lo", ""})
  void noAddress_isNotBelieved(String field) throws Exception {
    assertThat(left(PROXY, "X-Forwarded-For: " + field)).isEmpty();
  }

  @Test
  void fieldsThatAProxyPassesOn_areNotBelieved() throws Exception {
    assertThat(left(PROXY, "Forwarded: for=6.6.6.6", "X-Forwarded-Prefix: /v1", "X-Other: 1"))
        .isEqualTo(Map.of("x-other", "1"));
  }

  @Test
  void proxies_mayBeAnExpression() {
    var proxies = new Proxies("10\\.1\\.\\d+\\.\\d+");
    assertThat(proxies.has("10.1.2.3")).isTrue();
    assertThat(proxies.has("10.2.2.3")).isFalse();
    assertThat(new Proxies("127.0.0.0/8, ::1/128").has("0:0:0:0:0:0:0:1")).isTrue();
  }
}
