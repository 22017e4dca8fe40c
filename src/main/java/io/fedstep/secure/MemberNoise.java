package io.fedstep.secure;

/**
 * The noise that members of a round add to their updates before they mask them.
 *
 * @param multiplier the standard deviation in the sum, in units of what one member changes
 * @param collusion how many members may tell the server theirs
 */
public record MemberNoise(double multiplier, int collusion) {}
