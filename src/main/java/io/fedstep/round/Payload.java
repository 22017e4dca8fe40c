package io.fedstep.round;

import io.fedstep.model.ModelSpec;
import io.fedstep.vector.RowFormat;

/** The content of a message in a stage of a round. */
public sealed interface Payload {
  /** A row of the update matrix. */
  record Row(RowFormat format, long values) implements Payload {
    /** An update's numbers: a value for each parameter, in the model's format. */
    public static Row of(ModelSpec spec) {
      return new Row(RowFormat.of(spec.dtype()), spec.parameters());
    }

    /** The bytes of a row. */
    public long bytes() {
      return values * format.bytes();
    }
  }

  /** A text, which is kept in the journal until the round is over. */
  record Document(int mostBytes) implements Payload {}
}
