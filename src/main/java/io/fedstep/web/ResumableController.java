package io.fedstep.web;

import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.PausedUpload;
import io.fedstep.coordinator.SentBytes;
import io.fedstep.coordinator.Upload;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import io.fedstep.wire.Body;
import io.fedstep.wire.BodyStop;
import io.fedstep.wire.Exchange;
import io.fedstep.wire.HeavyWork;
import io.fedstep.wire.Problems;
import io.fedstep.wire.UploadFields;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestMethod;
import org.springframework.web.bind.annotation.RestController;

/** Updates that come in several requests, after {@link ResumableCreation}. */
@RestController
@RequestMapping(ResumableController.PATH)
class ResumableController {
  static final String PATH = UpdateController.PATH + "/uploads/{upload}";

  private static final String PART = "application/partial-upload";

  private final Coordinator coordinator;
  private final HeavyWork work;

  ResumableController(Coordinator coordinator, HeavyWork work) {
    this.coordinator = coordinator;
    this.work = work;
  }

  @RequestMapping(method = RequestMethod.HEAD)
  void standing(
      @PathVariable String model,
      @PathVariable String round,
      @PathVariable String client,
      @PathVariable String upload,
      HttpServletRequest request,
      HttpServletResponse response) {
    Query.none(request);
    PausedUpload found = find(model, round, client, upload);
    PausedUpload.Standing standing = found.standing();
    response.setStatus(HttpStatus.NO_CONTENT.value());
    UploadFields.incomplete(response, standing.offset());
    if (standing.isComplete()) {
      UploadFields.complete(response);
    }
    response.setHeader(UploadFields.LENGTH, Long.toString(standing.length()));
    PausedAnswers.limit(response, coordinator, model, found.head().type());
    response.setHeader("Cache-Control", "no-store");
  }

  @PatchMapping
  void append(
      @PathVariable String model,
      @PathVariable String round,
      @PathVariable String client,
      @PathVariable String upload,
      HttpServletRequest request,
      HttpServletResponse response)
      throws IOException {
    Query.none(request);
    PausedUpload found = find(model, round, client, upload);
    Upload.Answer answer = take(found, request, response);
    if (answer == null) {
      Exchange.of(request).end(Listener.PAUSED);
      response.setStatus(HttpStatus.NO_CONTENT.value());
      PausedAnswers.tell(found, response);
    } else {
      UploadFields.complete(response);
      UpdateController.answer(
          answer,
          coordinator.spec(model),
          model,
          Query.number("The round", round),
          request,
          response);
    }
  }

  private Upload.@Nullable Answer take(
      PausedUpload upload, HttpServletRequest request, HttpServletResponse response) {
    try {
      upload.standing(); // ends a transfer that hangs
      checkType(request);
      Boolean completes = UploadFields.complete(request);
      long offset = UploadFields.integer(request, UploadFields.OFFSET);
      if (completes == null) {
        throw Problems.malformed("The field %s is missing.".formatted(UploadFields.COMPLETE));
      }
      Upload.Answer answer =
          upload.take(
              new SentBytes(
                  offset,
                  completes,
                  request.getContentLengthLong(),
                  PausedAnswers.body(request),
                  BodyStop.ofThisRequest()),
              new QueriedUpdate(work, Exchange.holder(request)));
      if (answer != null && !answer.repeated()) {
        Exchange.of(request).count(offset); // of the update, earlier requests brought the begin
      }
      return answer;
    } catch (IOException e) { // the line, or another request that took over
      PausedAnswers.tell(upload, response);
      throw Refusal.of(Problem.TOO_SLOW, "The body ended early; what came of it counts.")
          .retryAfter(1)
          .exception();
    } catch (RuntimeException e) {
      PausedAnswers.tell(upload, response);
      throw e;
    }
  }

  private static void checkType(HttpServletRequest request) {
    String type = Body.mediaType(request);
    if (!PART.equals(type)) {
      throw Body.unsupported(type, PART);
    }
    PausedAnswers.checkCoding(request);
  }

  @DeleteMapping
  void delete(
      @PathVariable String model,
      @PathVariable String round,
      @PathVariable String client,
      @PathVariable String upload,
      HttpServletRequest request,
      HttpServletResponse response) {
    Query.none(request);
    check(model, client);
    coordinator.paused(model).delete(Query.number("The round", round), client, upload);
    response.setStatus(HttpStatus.NO_CONTENT.value());
  }

  private PausedUpload find(String model, String round, String client, String upload) {
    check(model, client);
    return coordinator.paused(model).find(Query.number("The round", round), client, upload);
  }

  private static void check(String model, String client) {
    Query.name("model", model);
    Query.name("client", client);
  }
}
