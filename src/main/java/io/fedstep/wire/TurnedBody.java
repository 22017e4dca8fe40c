package io.fedstep.wire;

import io.fedstep.quota.InputInTurns;
import jakarta.servlet.http.HttpServletRequest;
import java.io.FilterInputStream;
import java.io.InputStream;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A body of which it turns out while it is read whether it takes the processor for long. */
public final class TurnedBody extends FilterInputStream {
  private final Supplier<InputInTurns> turned;
  private final boolean isPlain;

  /** A body that is read as it comes, for now. */
  public TurnedBody(InputStream body, HttpServletRequest request) {
    super(body);
    turned =
        () -> {
          Exchange exchange = Exchange.of(request);
          var inTurns = new InputInTurns(body, exchange.work().turn(Exchange.holder(request)));
          exchange.hold(inTurns);
          return inTurns;
        };
    isPlain = Body.coding(request) == Coding.IDENTITY;
  }

  /** The same of a body that outlives its request; to be closed. */
  public TurnedBody(InputStream body, HeavyWork work, @Nullable String holder) {
    super(body);
    turned = () -> new InputInTurns(body, work.turn(holder));
    isPlain = true;
  }

  /** Has the rest read in turns; of a compressed body that is done already. */
  public void takeTurns() {
    if (isPlain) {
      in = turned.get();
    }
  }
}
