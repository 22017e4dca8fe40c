package io.fedstep.coordinator;

import io.fedstep.problem.Refusal;
import java.time.Instant;

/**
 * An update that was refused.
 *
 * @param number how many of its model were, with this one, since the server started
 * @param round the version that its client trained from
 * @param code of the problem
 * @param status of the answer
 * @param detail the reason in a sentence, cut where it is long
 */
public record RefusedUpdate(
    long number, long round, String client, String code, int status, String detail, Instant at) {
  /** Characters of a reason that are kept: it may quote what a client sent. */
  private static final int MOST_DETAIL = 300;

  /** One that was refused for a reason. */
  static RefusedUpdate of(
      long number, long round, String client, Refusal refusal, int status, Instant at) {
    String detail = refusal.detail();
    return new RefusedUpdate(
        number,
        round,
        client,
        refusal.problem().code(),
        status,
        detail.length() > MOST_DETAIL ? detail.substring(0, MOST_DETAIL) + "..." : detail,
        at);
  }
}
