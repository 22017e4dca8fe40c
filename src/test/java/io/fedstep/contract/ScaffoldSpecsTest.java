package io.fedstep.contract;

import static io.fedstep.contract.ScaffoldTest.spec;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code scaffold-server} goes together with. */
class ScaffoldSpecsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'aggregator': 'averaging'|aggregator",
        "'aggregator': ['averaging', {}]|aggregator",
        "'aggregator': 'median'|aggregator",
        "'round': {'mode': 'buffered'}|round.mode",
        "'update_bound': {'max_norm': 1}|update_bound",
        "'update_bound': {'max_weight': 1, 'action': 'clip'}|update_bound",
        "'privacy': {'noise_multiplier': 1, 'clip_norm': 1, 'delta': 1e-5}|privacy",
        "'secure': {'clip': 1}, 'round': {'min_updates': 3, 'timeout': '1m'}|secure",
      })
  void spec_goesTogetherWithLittle(String key, String named) {
    Model model = Model.unborn();
    String spec =
        """
        {'tensors': {'w': [2]}, 'optimizer': {'lrate': 1.0, 'modules': ['scaffold-server']},
         'aggregator': ['averaging', {'steps_weighted': false}], %s}\
        """
            .formatted(key);
    String once =
        key.startsWith("'aggregator'")
            ? spec.replaceFirst("'aggregator': \\['averaging', \\{'steps_weighted': false}], ", "")
            : spec;
    assertThat(
            model
                .putJson("", once.replace('\'', '"'))
                .problem(422, "bad-spec")
                .required("detail")
                .stringValue())
        .contains("optimizer.modules", named);
  }

  @Test
  @OneMachine("several machines refuse scaffold-server")
  void spec_hasItOnce_andWithoutConfig() {
    String modules = "\"modules\": [\"scaffold-server\"]";
    for (String other :
        new String[] {
          "\"modules\": [\"scaffold-server\", \"rmsprop\", \"scaffold-server\"]",
          "\"modules\": [[\"scaffold-server\", {\"clients\": []}]]"
        }) {
      Model.unborn().putJson("", spec("").replace(modules, other)).problem(422, "bad-spec");
    }
    Model model =
        Model.create(spec(", \"update_bound\": {\"max_norm\": 9, \"action\": \"refuse\"}"));
    model.putJson("", spec("").replace(modules, "\"modules\": [[\"scaffold-server\", {}]]"));
    model.putJson("/aggregator", "\"averaging\"").problem(422, "bad-spec");
    model.putJson("/update-bound", "{\"max_norm\": 9}").problem(422, "bad-spec");
    model.putJson("/round", "{\"mode\": \"buffered\"}").problem(422, "bad-spec");
  }
}
