package io.fedstep.web;

import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.PausedUpload;
import io.fedstep.coordinator.PausedUploads;
import io.fedstep.wire.Body;
import io.fedstep.wire.UploadFields;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.InputStream;

/** What requests for an upload that comes in several have in common. */
final class PausedAnswers {
  private PausedAnswers() {}

  /** Refuses a body that is compressed: an offset would have two meanings. */
  static void checkCoding(HttpServletRequest request) {
    if (request.getHeader("Content-Encoding") != null) {
      throw Body.unsupportedCoding(
          "An upload that can be resumed has no Content-Encoding; send it whole, or without.");
    }
  }

  /** The body, whose length is for the upload to look at. */
  static InputStream body(HttpServletRequest request) {
    return Body.limited(request, Long.MAX_VALUE);
  }

  /** Says of the upload whether it takes more, and from where on. */
  static void tell(PausedUpload upload, HttpServletResponse response) {
    PausedUpload.Standing standing = upload.told();
    if (standing == null) {
      UploadFields.complete(response);
    } else {
      UploadFields.incomplete(response, standing.offset());
    }
  }

  /** Says how large an upload may be, and how long it is kept. */
  static void limit(
      HttpServletResponse response, Coordinator coordinator, String model, String type) {
    long bytes = QueriedUpdate.format(type).mostBytes().applyAsLong(coordinator.spec(model));
    UploadFields.limit(response, bytes, PausedUploads.LIFE.toSeconds());
  }
}
