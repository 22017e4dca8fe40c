package io.fedstep.round;

/**
 * The members of a round whose first stage is over.
 *
 * @param roster how many answered the first stage, and are fixed since
 * @param left how many of them answered the stage before this one, and may answer it
 * @param minUpdates the policy's when the roster was fixed
 * @param maxUpdates the same
 */
public record Members(int roster, int left, int minUpdates, int maxUpdates) {}
