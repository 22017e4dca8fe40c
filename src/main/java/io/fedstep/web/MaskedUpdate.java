package io.fedstep.web;

import io.fedstep.codec.VectorIntake;
import io.fedstep.codec.WordIntake;
import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.MemberRules;
import io.fedstep.coordinator.SecureRound;
import io.fedstep.coordinator.Upload;
import io.fedstep.model.ModelSpec;
import io.fedstep.model.SecureAggregation;
import io.fedstep.round.UpdateMetadata;
import io.fedstep.round.VectorSummary;
import io.fedstep.secure.Base64Url;
import io.fedstep.wire.Body;
import io.fedstep.wire.Coding;
import io.fedstep.wire.Exchange;
import io.fedstep.wire.Problems;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** An update whose numbers are masked, on its way in. */
final class MaskedUpdate {
  /** The media type of a member's words. */
  static final String TYPE = "application/vnd.fedstep.masked";

  private static final String ROSTER = "roster";
  private static final String SIGNATURE = "signature";

  private final Coordinator coordinator;
  private final String model;
  private final long round;
  private final String client;

  MaskedUpdate(Coordinator coordinator, String model, long round, String client) {
    this.coordinator = coordinator;
    this.model = model;
    this.round = round;
    this.client = client;
  }

  /** Whether it may have a query parameter of that name. */
  static boolean knows(String parameter) {
    return parameter.equals(ROSTER) || parameter.equals(SIGNATURE);
  }

  /** Reads it and has it decided. */
  Upload.Answer submit(Upload upload, Query query, HttpServletRequest request) throws IOException {
    SecureRound open = upload.compares() ? null : coordinator.rounds().secureRound(model, round);
    if (open != null) {
      SecureController.checkRoster(open, query.text(ROSTER));
    }
    String type = Body.mediaType(request);
    if (!TYPE.equals(type)) {
      throw Body.unsupported(type, TYPE);
    }
    for (String name : query.all().keySet()) {
      if (!knows(name)) {
        throw Problems.malformed(
            "'%s' is not sent in the clear: the masked words have what is needed.".formatted(name));
      }
    }
    String signature = query.text(SIGNATURE);
    byte[] signed = bytes(signature);
    if (open != null) {
      MemberRules.checkSignature(open, client, signed);
    }
    VectorSummary content = read(upload, request);
    return upload.submit(UpdateMetadata.masked(signature), content);
  }

  private static byte @Nullable [] bytes(@Nullable String signature) {
    if (signature == null) {
      return null;
    }
    byte[] bytes = Base64Url.bytes(signature);
    if (bytes == null) {
      throw Problems.malformed("signature has to be bytes in base64url without padding.");
    }
    return bytes;
  }

  private static VectorSummary read(Upload upload, HttpServletRequest request) throws IOException {
    ModelSpec spec = upload.spec();
    SecureAggregation secure = Objects.requireNonNull(spec.secure());
    long expected = secure.form(spec.parameters()).bytes();
    long length = request.getContentLengthLong();
    if (Body.coding(request) == Coding.IDENTITY && length >= 0 && length != expected) {
      throw VectorIntake.wrongLength(expected, length);
    }
    return WordIntake.read(
            Body.limited(request, expected + VectorBody.SLACK), expected, upload.sink())
        .of(Exchange.of(request).bytesOnWire());
  }
}
