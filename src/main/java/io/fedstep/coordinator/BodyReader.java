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

  /** Has an update begin as a whole one would, or throws the refusal. */
  default Upload begin(PausedHead head, Upload.Beginning beginning) {
    UpdateMetadata known = metadata(head);
    Upload upload = beginning.begin(head.round(), head.client(), known.base());
    try {
      upload.check(known, true);
      return upload;
    } catch (RuntimeException e) {
      upload.close();
      throw e;
    }
  }

  /** Reads the whole body into the update's row. */
  VectorSummary read(PausedHead head, InputStream body, Upload upload) throws IOException;
}
