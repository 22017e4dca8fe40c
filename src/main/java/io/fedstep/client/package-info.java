/**
 * A client of the server on the JDK's own {@code HttpClient}. {@link Fedstep} is a server, {@link
 * RemoteModel} one of its models; {@link RemoteModel#train} takes part in every round.
 */
@NullMarked
package io.fedstep.client;

import org.jspecify.annotations.NullMarked;
