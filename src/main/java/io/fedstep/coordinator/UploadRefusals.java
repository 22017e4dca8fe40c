package io.fedstep.coordinator;

import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;

/** The refusals of what comes for an upload in several requests. */
final class UploadRefusals {
  private UploadRefusals() {}

  /** At an address at which there is no upload, or none any more. */
  static Refusal unknown() {
    return Refusal.of(
        Problem.UPLOAD_NOT_FOUND,
        "There is no such upload: it was replaced, has expired, or never was. PUT begins another.");
  }

  /** Of bytes that do not begin where the next one belongs. */
  static Refusal otherOffset(long next, long from) {
    return Refusal.of(
            Problem.OFFSET_DIFFERS,
            "Byte %s is next, not %s; HEAD tells it, too.".formatted(next, from))
        .with("expected", next)
        .with("actual", from);
  }

  /** Of bytes that say to go to the end, and do not. */
  static Refusal otherEnd(long end, long whole) {
    return Refusal.of(
        Problem.MALFORMED,
        "The bytes end at %s, not at Upload-Length, which is %s.".formatted(end, whole));
  }

  /** Of bytes beyond the end. */
  static Refusal beyond(long whole) {
    return Refusal.of(
        Problem.MALFORMED, "There are bytes beyond Upload-Length, which is %s.".formatted(whole));
  }

  /** Whether nothing changes if what was refused is tried again later: the upload ends, then. */
  static boolean isAboutTheWhole(Refusal refusal) {
    return refusal.retryAfter() == null
        && refusal.status() < 500
        && refusal.problem() != Problem.TRAINING_STOPPED;
  }
}
