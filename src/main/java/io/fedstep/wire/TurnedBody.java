package io.fedstep.wire;

import io.fedstep.quota.InputInTurns;
import jakarta.servlet.http.HttpServletRequest;
import java.io.FilterInputStream;
import java.io.InputStream;

/** A body of which it turns out while it is read whether it takes the processor for long. */
public final class TurnedBody extends FilterInputStream {
  private final HttpServletRequest request;

  /** A body that is read as it comes, for now. */
  public TurnedBody(InputStream body, HttpServletRequest request) {
    super(body);
    this.request = request;
  }

  /** Has the rest read in turns; of a compressed body that is done already. */
  public void takeTurns() {
    if (Body.coding(request) == Coding.IDENTITY) {
      Exchange exchange = Exchange.of(request);
      var turned = new InputInTurns(in, exchange.work().turn(Exchange.holder(request)));
      exchange.hold(turned);
      in = turned;
    }
  }
}
