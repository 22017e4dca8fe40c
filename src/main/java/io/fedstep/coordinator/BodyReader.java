package io.fedstep.coordinator;

import io.fedstep.round.UpdateMetadata;
import io.fedstep.round.VectorSummary;
import io.fedstep.store.PausedHead;
import java.io.IOException;
import java.io.InputStream;

/** How the body of an update is read that comes in pieces. */
public interface BodyReader {
  /** What is beside the numbers, as the creation gave it. */
  UpdateMetadata metadata(PausedHead head);

  /** Reads the whole body into the update's row. */
  VectorSummary read(PausedHead head, InputStream body, Upload upload) throws IOException;
}
