/**
 * The arithmetic of updates in fewer bytes, which clients and servers share: arrays in, arrays out.
 * Whoever draws seeds and dice is the caller.
 *
 * <ul>
 *   <li>Words of signs, butterflies, codes and centroids are those of {@code golden/thin}: {@code
 *       EncodingTest}.
 *   <li>What is encoded here comes back from a server's decoder with the error that {@code
 *       docs/THIN.md} tells: {@code EncodedUpdateTest}.
 * </ul>
 */
@NullMarked
package io.fedstep.thin;

import org.jspecify.annotations.NullMarked;
