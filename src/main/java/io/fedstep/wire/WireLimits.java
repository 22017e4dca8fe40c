package io.fedstep.wire;

import java.time.Duration;

/**
 * What the server's edge takes on.
 *
 * @param connections open at once; over more than these requests are answered 503
 * @param leastRate bytes a second that a body has to bring on average
 * @param headTime in which a request's line and header fields have to come
 * @param dropTime for which the rest of a refused body is taken and dropped
 * @param decoders bodies in zstd that are expanded at once
 * @param heavyAnswers answers at once that have to be computed
 * @param share the part of these that one holder may have
 */
public record WireLimits(
    int connections,
    long leastRate,
    Duration headTime,
    Duration dropTime,
    int decoders,
    int heavyAnswers,
    double share) {}
