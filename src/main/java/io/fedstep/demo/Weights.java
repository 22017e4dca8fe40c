package io.fedstep.demo;

/**
 * One version of a model's weights.
 *
 * @param version its number, and that of the round which trains from it
 * @param tag its ETag, without the quotes
 * @param values the flat vector
 */
@SuppressWarnings("ArrayRecordComponent") // read in a kernel, compared by nobody
record Weights(long version, String tag, float[] values) {}
