package io.fedstep.bench;

import java.util.List;

/** A work that is measured beside its peers. */
interface Row {
  /** Measures it; checks on the way that what came out is right. */
  List<Line> measure(Bench bench) throws Exception;
}
