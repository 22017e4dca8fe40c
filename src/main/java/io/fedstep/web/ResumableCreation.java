package io.fedstep.web;

import io.fedstep.codec.KnownFormats;
import io.fedstep.codec.VectorFormat;
import io.fedstep.codec.VectorIntake;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.PausedUpload;
import io.fedstep.coordinator.PausedUploads;
import io.fedstep.coordinator.SentBytes;
import io.fedstep.model.ModelSpec;
import io.fedstep.store.PausedHead;
import io.fedstep.wire.Body;
import io.fedstep.wire.BodyStop;
import io.fedstep.wire.Exchange;
import io.fedstep.wire.HeavyWork;
import io.fedstep.wire.UploadFields;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.http.HttpStatus;

/**
 * The request that begins an update whose body comes in several: checked as the whole by its head.
 */
final class ResumableCreation {
  private final Coordinator coordinator;
  private final HeavyWork work;

  ResumableCreation(Coordinator coordinator, HeavyWork work) {
    this.coordinator = coordinator;
    this.work = work;
  }

  /** Begins an upload with the bytes that come, and answers with its address. */
  void create(
      String model,
      long round,
      String client,
      HttpServletRequest request,
      HttpServletResponse response)
      throws IOException {
    PausedUploads uploads = coordinator.paused(model);
    PausedAnswers.checkCoding(request);
    VectorFormat format = QueriedUpdate.format(Body.mediaType(request));
    long length = UploadFields.integer(request, UploadFields.LENGTH);
    var query = new Query(request, QueriedUpdate::knows);
    checkLength(coordinator.spec(model), format, length);
    QueriedUpdate.checkPartial(format, QueriedUpdate.parts(query.all()).isPartial());
    Exchange exchange = Exchange.of(request);
    String holder = Exchange.holder(request);
    exchange.hold(coordinator.takeUpload(client, holder)::close);
    var head =
        new PausedHead(
            coordinator.newUploadId(),
            round,
            client,
            query.all(),
            format.mediaType(),
            length,
            UploadFields.digest(request),
            false);
    var reader = new QueriedUpdate(work, holder);
    PausedUpload upload = uploads.create(head, reader);
    takeFirst(upload, reader, request, response);
    exchange.end(Listener.PAUSED);
    response.setStatus(HttpStatus.CREATED.value());
    response.setHeader("Location", request.getRequestURI() + "/uploads/" + head.id());
    PausedAnswers.tell(upload, response);
    PausedAnswers.limit(response, coordinator, model, head.type());
  }

  private static void checkLength(ModelSpec spec, VectorFormat format, long length) {
    if (format.equals(KnownFormats.OCTETS) && length != spec.vectorBytes()) {
      throw VectorIntake.wrongLength(spec.vectorBytes(), length);
    }
    long most = format.mostBytes().applyAsLong(spec);
    if (length > most) {
      throw Body.tooLarge(most).with("actual", length).exception();
    }
  }

  /** Takes the first bytes; without an answer nobody knows the upload, which is gone then. */
  private static void takeFirst(
      PausedUpload upload,
      QueriedUpdate reader,
      HttpServletRequest request,
      HttpServletResponse response)
      throws IOException {
    boolean taken = false;
    try {
      upload.take(
          new SentBytes(
              0,
              false,
              request.getContentLengthLong(),
              PausedAnswers.body(request),
              BodyStop.ofThisRequest()),
          reader);
      taken = true;
    } finally {
      if (!taken) {
        UploadFields.complete(response);
        upload.forget();
      }
    }
  }
}
