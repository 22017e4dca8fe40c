package io.fedstep.contract;

import static io.fedstep.contract.Vectors.f4;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fedstep.client.Control;
import io.fedstep.client.Corrected;
import io.fedstep.client.Encoding;
import io.fedstep.client.Fedstep;
import io.fedstep.client.Participation;
import io.fedstep.client.RefusedByServer;
import io.fedstep.client.RemoteModel;
import io.fedstep.client.Update;
import io.fedstep.client.Weights;
import java.net.URI;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** SCAFFOLD from the Java client. */
@OneMachine("several machines refuse scaffold-server")
class JavaScaffoldTest {
  private final URI server = URI.create("http://127.0.0.1:" + Server.shared().http().port());
  private final Model name = Model.create(ScaffoldTest.spec(""));
  private final RemoteModel model = Fedstep.at(server).model(name.name());

  @Test
  void client_keepsInStep() throws Exception {
    Control first = model.control("alice");
    assertThat(first.version()).isZero();
    assertThat(first.bytes()).isEqualTo(f4(0, 0));
    assertThat(first.round()).isNull();
    Update update = Update.of(new float[] {0.5f, -1});
    Weights base = model.newest();
    JsonNode receipt = model.submit("alice", base, update.corrected(Corrected.first(0.5)));
    assertThat(receipt.path("local_rate").doubleValue()).isEqualTo(0.5);
    Weights next = model.after(base);
    Control second = model.control("alice", next.version());
    assertThat(second.bytes()).isEqualTo(f4(1, -2));
    assertThat(second.round()).isZero();
    assertThat(model.control("bob").round()).isNull();

    RefusedByServer refused =
        catchThrowableOfType(
            RefusedByServer.class,
            () -> model.submit("alice", next, update.corrected(Corrected.first(0.5))));
    assertThat(refused.code()).isEqualTo("control-differs");
    assertThat(
            catchThrowableOfType(RefusedByServer.class, () -> model.submit("alice", next, update))
                .code())
        .isEqualTo("bad-rate");
    model.submit("alice", next, update.corrected(Corrected.by(0.5, 0)));
    Weights third = model.after(next);
    model.submit("alice", third, update.corrected(Corrected.lost(0.5)));
    model.after(third);
    assertThat(model.control("alice").round()).isNull();
  }

  @Test
  void correction_staysWithWhatElseIsSaidOfAnUpdate() throws Exception {
    Update update =
        Update.of(new float[] {1, 2})
            .corrected(Corrected.first(0.25))
            .weighing(3)
            .with("loss", 0.5)
            .encodedAs(Encoding.INT8);
    model.train(Participation.of("alice").forRounds(1), _ -> update);
    name.awaitVersion(1);
    assertThat(model.round(0).path("clients").path(0).path("local_rate").doubleValue())
        .isEqualTo(0.25);
  }
}
