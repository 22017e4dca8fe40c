/**
 * The only package that touches files: models, versions, the update matrix and the journal.
 *
 * <ul>
 *   <li>What was acknowledged survives a crash at any operation: {@code CrashTest}.
 *   <li>A version is there whole or not at all, by a rename: {@code CrashTest}, {@code
 *       RecoveryTest}.
 *   <li>Every byte is checked against a checksum before it counts; an error names the file, the
 *       expected and the found: {@code CorruptionTest}, {@code FilesFuzzTest}.
 *   <li>Files of earlier releases open: {@code EarlierReleaseTest}.
 *   <li>A full disk, or one without rights, refuses and stops nothing: {@code FullDiskTest}.
 *   <li>Bytes of an upload that were told are forced before, those of one that comes whole are not;
 *       a crash costs no told offset: {@code PausedCrashTest}, {@code PausedKillTest}.
 * </ul>
 */
@NullMarked
package io.fedstep.store;

import org.jspecify.annotations.NullMarked;
