/**
 * What one machine and several have in common: a model's state and the clients that wait for it,
 * what is decided at a command, a full stage or a deadline ({@link
 * io.fedstep.coordinator.ModelMachine}), how a version is made ({@link
 * io.fedstep.coordinator.VersionMaker}) and made again where a disk was full ({@link
 * io.fedstep.coordinator.Retry}), what is asked of new models ({@link
 * io.fedstep.coordinator.NewModels}), deadlines, limits and shares.
 *
 * <ul>
 *   <li>Nobody is answered before the force that covers the answer: {@code ModelStateTest}.
 *   <li>A deadline comes once, whatever becomes of the clock: {@code DeadlineTest}.
 *   <li>An upload that goes on has one request that brings bytes; its file and its decoder have the
 *       same bytes, or the decoder is made again from the file: {@code PausedUploadsTest}, {@code
 *       PausedCrashTest}.
 *   <li>Both engines give the same answers and bits: the tests in {@code contract} on either,
 *       {@code ClusterTest}, {@code ClusterKillTest}.
 * </ul>
 */
@NullMarked
package io.fedstep.coordinator;

import org.jspecify.annotations.NullMarked;
