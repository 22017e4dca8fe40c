package io.fedstep.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.fedstep.local.Rig;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.process.BesideOthers;
import io.fedstep.round.HiddenSums;
import io.fedstep.round.Payload;
import io.fedstep.round.Plain;
import io.fedstep.vector.RowFormat;
import org.junit.jupiter.api.Test;

/** What an engine for rounds of one stage says of others. */
@BesideOthers
class OneStageTest {
  @Test
  void protocolOfSeveralStages_isRefused() {
    var row = new Payload.Row(RowFormat.WORD64, 3);
    Refusal refusal = Rig.refusal(() -> NewModels.checkOneStage(new HiddenSums(row)));
    assertThat(refusal.problem()).isEqualTo(Problem.BAD_SPEC);
    assertThat(refusal.detail()).contains("[sealing, sending, opening]", "fedstep.engine=kafka");
    assertThatCode(() -> NewModels.checkOneStage(new Plain(row, false))).doesNotThrowAnyException();
  }
}
