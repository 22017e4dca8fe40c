/**
 * Secure aggregation as pure functions: what members of a round compute, and what a server needs to
 * open the sum of their masked updates and nothing else (Bonawitz et al., Practical Secure
 * Aggregation for Privacy-Preserving Machine Learning, 2017).
 *
 * <ul>
 *   <li>Every value is that of {@code golden/secure}: {@code PrimitivesTest}, {@code
 *       GoldenRoundsTest}.
 *   <li>One wrong answer among one more than needed harms nothing: {@code OpeningTest}.
 *   <li>Sums have at least the noise that was asked for, without that of those who collude: {@code
 *       MemberNoiseTest}.
 *   <li>Whoever draws secrets is the caller; nothing here has a source of randomness, and no {@code
 *       toString} shows a secret.
 * </ul>
 */
@NullMarked
package io.fedstep.secure;

import org.jspecify.annotations.NullMarked;
