package io.fedstep.secure;

/**
 * A member of a roster.
 *
 * @param index 1 for the first
 */
public record Member(int index, String client, Join join) {}
