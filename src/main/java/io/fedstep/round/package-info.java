/**
 * Decides who may contribute to a round and when the round ends, without clock, thread or file.
 *
 * <ul>
 *   <li>A round is the replay of its decisions: {@code RecoveryTest}, {@code CrashTest}.
 *   <li>A client has one update from a version; the same one again gets the first answer, another
 *       is refused: {@code RoundTest}, {@code UpdatesTest}.
 *   <li>A later stage is for the members who have answered the one before; without as many as it
 *       needs the round is abandoned: {@code StagesTest}, {@code StagedCrashTest}.
 *   <li>Where clients are drawn by chance and it is hidden who takes part, no number ends the
 *       round; with more updates than places it is abandoned: {@code SampledRoundsTest}.
 *   <li>A round of masked updates ends with the sum of those who sent, whoever is lost on the way
 *       and whatever fails: {@code SecureRoundsTest}, {@code SecureCrashTest}, {@code
 *       SecureGoldenTest}.
 *   <li>Updates are aggregated in the order of client ids, whatever the order of their arrival:
 *       {@code SameResultTest}.
 * </ul>
 */
@NullMarked
package io.fedstep.round;

import org.jspecify.annotations.NullMarked;
