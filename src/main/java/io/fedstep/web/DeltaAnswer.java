package io.fedstep.web;

import io.fedstep.codec.KnownFormats;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.problem.Problem;
import io.fedstep.problem.RefusedException;
import io.fedstep.store.FileRange;
import io.fedstep.store.StorageException;
import io.fedstep.store.Version;
import io.fedstep.wire.AnswerHead;
import io.fedstep.wire.Coding;
import io.fedstep.wire.Computed;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Collections;
import org.jspecify.annotations.Nullable;

/**
 * The newest weights as the bits that differ from the version before, for a client that has those
 * (RFC 3229, with the instance manipulation {@code xor}).
 */
record DeltaAnswer(
    Coordinator coordinator,
    String model,
    HttpServletRequest request,
    HttpServletResponse response) {
  private static final String MANIPULATION = "xor";

  /** Whether the client takes such answers. */
  static boolean isWanted(HttpServletRequest request) {
    return request.getHeader("Range") == null
        && Collections.list(request.getHeaders("A-IM")).stream()
            .anyMatch(field -> Coding.quality(field, MANIPULATION::equalsIgnoreCase) > 0);
  }

  /** Sends the difference in a representation; false where the ordinary answer is to be sent. */
  boolean isSent(Version version, Representation form) throws IOException {
    long number = version.info().version();
    Coding coding = Coding.compressing(request.getHeader("Accept-Encoding"));
    AnswerHead head = form.head(version.info(), "", request).in(coding);
    boolean isSafetensors = KnownFormats.SAFETENSORS.equals(form.format());
    if (!isWanted(request) || !isSafetensors || coding == Coding.IDENTITY || number == 0) {
      return false;
    }
    Version before = before(number - 1);
    if (before == null) {
      return false;
    }
    AnswerHead from = form.head(before.info(), "", request);
    FileRange delta =
        Conditions.isNamedInAnyCoding(request, from) ? delta(version, before, form, head) : null;
    if (delta == null) {
      return false;
    }
    head.sendDelta(request, response, form.type(), from.etag(Coding.IDENTITY), delta);
    return true;
  }

  private @Nullable Version before(long number) {
    try {
      return coordinator.version(model, number);
    } catch (StorageException e) {
      return null; // whoever asks for that version itself is told why
    } catch (RefusedException e) {
      checkIsGone(e);
      return null;
    }
  }

  private @Nullable FileRange delta(
      Version version, Version before, Representation form, AnswerHead head) {
    try {
      return version.delta(
          before,
          form.half(),
          head.coding().label(),
          new Computed(request, Coding.IDENTITY),
          new Computed(request, head.coding()));
    } catch (RefusedException e) {
      checkIsGone(e);
      return null;
    }
  }

  /** Passes on what does not tell of a version that is kept no more. */
  private static void checkIsGone(RefusedException e) {
    if (e.refusal().problem() != Problem.VERSION_NOT_FOUND) {
      throw e;
    }
  }
}
