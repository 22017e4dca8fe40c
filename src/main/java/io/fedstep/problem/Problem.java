package io.fedstep.problem;

import java.util.Locale;

/** The problem codes of the contract, each with its HTTP status. */
public enum Problem {
  MALFORMED(400, "Malformed request"),
  UNAUTHORIZED(401, "Unauthorized"),
  FORBIDDEN(403, "Forbidden"),
  NOT_INVITED(403, "Not invited"),
  BUDGET_SPENT(403, "Privacy budget is spent"),
  NOT_FOUND(404, "Not found"),
  MODEL_NOT_FOUND(404, "Model not found"),
  VERSION_NOT_FOUND(404, "Version not found"),
  ROUND_NOT_FOUND(404, "Round not found"),
  UPDATE_NOT_FOUND(404, "Update not found"),
  UPLOAD_NOT_FOUND(404, "Upload not found"),
  GRADIENT_NOT_FOUND(404, "Gradient not found"),
  CONTROL_NOT_FOUND(404, "Control not found"),
  TAG_NOT_FOUND(404, "Tag not found"),
  METHOD_NOT_ALLOWED(405, "Method not allowed"),
  NOT_ACCEPTABLE(406, "Not acceptable"),
  TOO_SLOW(408, "Too slow"),
  MODEL_EXISTS(409, "Model exists with another spec"),
  UPDATE_DIFFERS(409, "Another update from this client is in the round"),
  UPDATE_EXISTS(409, "An update from this client is in the round"),
  OFFSET_DIFFERS(409, "The upload has another offset"),
  ROUND_NOT_OPEN(409, "Round is not open yet"),
  BASE_DIFFERS(409, "Round trains from other weights"),
  ROSTER_DIFFERS(409, "Round has another roster"),
  CONTROL_DIFFERS(409, "The client's control is another"),
  ALREADY_STARTED(409, "Training has started"),
  TOO_FEW_UPDATES(409, "Too few updates"),
  VERSION_DIFFERS(409, "Another version is the newest"),
  TAG_RESERVED(409, "Tag goes by itself"),
  ROUND_CLOSED(410, "Round is over"),
  TRAINING_STOPPED(410, "Training is stopped"),
  PRECONDITION_FAILED(412, "Precondition failed"),
  TOO_LARGE(413, "Too large"),
  UNSUPPORTED_FORMAT(415, "Unsupported format"),
  RANGE_NOT_SATISFIABLE(416, "Range not satisfiable"),
  NOT_FINITE(422, "A value is not finite"),
  WRONG_SHAPE(422, "Wrong shape"),
  WRONG_LENGTH(422, "Wrong length"),
  NORM_EXCEEDED(422, "The norm is too large"),
  DIGEST_DIFFERS(422, "The digest is another"),
  NOT_RESUMABLE(422, "Not resumable"),
  BAD_WEIGHT(422, "Bad weight"),
  BAD_RATE(422, "Bad local rate"),
  BAD_METRIC(422, "Bad metric"),
  BAD_KEY(422, "Bad key"),
  BAD_SIGNATURE(422, "Bad signature"),
  BAD_SHARES(422, "Bad shares"),
  BAD_SPEC(422, "Bad spec"),
  TOO_MANY_TAGS(422, "Too many tags"),
  BAD_STATE(422, "Bad optimizer state"),
  TOO_MANY_REQUESTS(429, "Too many requests"),
  INTERNAL(500, "Internal error"),
  NOT_READY(503, "Not ready"),
  NO_WEIGHTS(503, "No weights yet"),
  MODEL_FAILED(503, "Model stopped by a failure"),
  STORAGE_FULL(507, "Storage is full");

  private final int status;
  private final String title;

  Problem(int status, String title) {
    this.status = status;
    this.title = title;
  }

  /** The HTTP status. */
  public int status() {
    return status;
  }

  /** A short human title, the same for every occurrence. */
  public String title() {
    return title;
  }

  /** The code on the wire, for example {@code round-closed}. */
  public String code() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
