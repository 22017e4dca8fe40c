package io.fedstep.wire;

import io.fedstep.quota.OutputInTurns;
import io.fedstep.store.Half;
import io.fedstep.store.KeptAnswers;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.OutputStream;

/**
 * The computing of a file for the request that asks first: in one of the places, in turns, and
 * compressed.
 */
public record Computed(HttpServletRequest request, Coding coding) implements Half.Making {
  @Override
  public void make(KeptAnswers.Computation content, OutputStream to) throws IOException {
    HeavyWork work = Exchange.of(request).work();
    String holder = Exchange.holder(request);
    try (to;
        var _ = work.answer(holder);
        var turned = new OutputInTurns(to, work.turn(holder));
        OutputStream out = coding.compress(turned)) {
      content.write(out);
    }
  }
}
