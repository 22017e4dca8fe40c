/**
 * What one client may take of what all of them need. A client is counted by its id, or by its
 * address where it shows none ({@code Exchange} of the wire says which); the limits come from
 * {@code fedstep.limits}.
 *
 * <pre>
 *   waits, event streams      Places             Engine
 *   uploads, and of one id    Places             Engine
 *   uploads that are paused   Places             PausedUploads
 *   zstd bodies               Places             HeavyWork
 *   computed answers          Places             HeavyWork
 *   the processor             Turns              HeavyWork
 *   connections               PeerConnections    Container
 *   requests a second         RequestRate        RequestRateFilter, AccessProblems
 *   lines of the audit log    TokenBuckets       AuditLines
 * </pre>
 *
 * <ul>
 *   <li>Of places of one kind a holder has a share at most, however many it asks for: {@code
 *       PlacesTest}, {@code SharesTest}.
 *   <li>Callers come to the processor one after another, whatever each has under way: {@code
 *       TurnsTest}, {@code OneSenderTest}.
 *   <li>An address that stands for many has no share of connections: {@code PeerConnectionsTest}.
 *   <li>The memory of senders is bounded: {@code RequestRateTest}, {@code AuditLinesTest}.
 * </ul>
 */
@NullMarked
package io.fedstep.quota;

import org.jspecify.annotations.NullMarked;
