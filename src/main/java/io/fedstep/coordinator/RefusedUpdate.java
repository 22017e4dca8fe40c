package io.fedstep.coordinator;

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
    long number, long round, String client, String code, int status, String detail, Instant at) {}
