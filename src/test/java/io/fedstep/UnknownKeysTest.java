package io.fedstep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

class UnknownKeysTest {
  private static FedstepProperties bind(Map<String, Object> variables, Map<String, Object> system) {
    var environment = new StandardEnvironment();
    var sources = environment.getPropertySources();
    sources.replace(
        "systemEnvironment", new SystemEnvironmentPropertySource("systemEnvironment", variables));
    var properties = new java.util.HashMap<>(system);
    properties.put("java.io.tmpdir", "/none");
    sources.replace("systemProperties", new MapPropertySource("systemProperties", properties));
    return Binder.get(environment)
        .bindOrCreate(
            "fedstep",
            Bindable.of(FedstepProperties.class),
            new UnknownKeys(BindHandler.DEFAULT, environment));
  }

  private static Map<String, Object> variables(String text) {
    return Arrays.stream(text.split(" "))
        .map(one -> one.split("=", 2))
        .collect(Collectors.toMap(parts -> parts[0], parts -> parts[1]));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "FEDSTEP_SECURITY_TOKEN_FILE=t.json",
        "FEDSTEP_DATA-DIR=x",
        "FEDSTEP_SECURITY_TOKENS_0_ID=a FEDSTEP_SECURITY_TOKENS_0_ROLE=client"
            + " FEDSTEP_SECURITY_TOKENS_0_MODELS=* FEDSTEP_SECURITY_TOKENS_0_SHA=b",
        "FEDSTEP_LIMITS_UPLOADS_PER_CLIENTS=3",
        "fedstep_insecure=true",
      })
  void variable_thatBindsToNoKey_endsTheStart_withoutItsValue(String text) {
    String last = text.substring(text.lastIndexOf(' ') + 1);
    assertThatThrownBy(() -> bind(variables(text), Map.of()))
        .rootCause()
        .isInstanceOf(UnknownKeys.UnknownKeyException.class)
        .hasMessageContaining("no key for " + last.substring(0, last.indexOf('=')) + ",");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "FEDSTEP_DATADIR=d FEDSTEP_KEEP_VERSIONS=3 FEDSTEP_LIMITS_UPLOADSPERCLIENT=3",
        "FEDSTEP_DATA_DIR=d FEDSTEP_LIMITS_UPLOADS_PER_CLIENT=3 FEDSTEP_LIMITS_HEAD_TIME=3s",
        "FEDSTEP_SECURITY_TOKENS_0_ID=a FEDSTEP_SECURITY_TOKENS_0_ROLE=client"
            + " FEDSTEP_SECURITY_TOKENS_0_MODELS_0=*",
        "FEDSTEP_SECURITY_TOKENS_0_ID=a FEDSTEP_SECURITY_TOKENS_0_ROLE=client"
            + " FEDSTEP_SECURITY_TOKENS_0_MODELS=*,b",
        "FEDSTEP_SECURITY_ALLOWED_ORIGINS=http://a FEDSTEP_SECURITY_TOKENSFILE=t.json",
        "FEDSTEP_SECURITY_ALLOWEDORIGINS_0=http://a",
        "FEDSTEP_KAFKA_CLIENT_SECURITY_PROTOCOL=SASL_SSL FEDSTEP_KAFKA_SCRATCH_DIR=s",
        "FEDSTEP_URL=http://a FEDSTEP_TOKEN=t FEDSTEP_PORT=tcp://10.0.0.1:8080",
        "FEDSTEP_SERVICE_HOST=10.0.0.1 FEDSTEP_SERVICE_PORT_HTTP=8080",
        "FEDSTEP_PORT_8080_TCP_ADDR=10.0.0.1 FEDSTEP_PORT_8080_TCP=tcp://10.0.0.1:8080",
        "FEDSTEP_KAFKA_SERVICE_HOST=10.0.0.1 FEDSTEP_KAFKA_PORT_9092_TCP_PROTO=tcp",
        "FEDSTEPPE=x OTHER=y",
      })
  void variables_thatBind_andThoseOfOthers_doNot(String text) {
    assertThat(bind(variables(text), Map.of())).isNotNull();
  }

  @Test
  void systemProperties_areKeysAsWell() {
    assertThat(
            bind(Map.of(), Map.of("fedstep.dataDir", "d", "fedstep.keep-rounds", 3)).keepRounds())
        .isEqualTo(3);
    assertThatThrownBy(() -> bind(Map.of(), Map.of("fedstep.security.token-file", "t.json")))
        .rootCause()
        .hasMessageContaining("fedstep.security.token-file");
  }
}
