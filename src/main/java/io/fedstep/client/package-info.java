/**
 * A client of the server on the JDK's own {@code HttpClient}. {@link Fedstep} is a server, {@link
 * RemoteModel} one of its models; {@link RemoteModel#train} takes part in every round, {@link
 * Administration} changes and removes models.
 */
@NullMarked
package io.fedstep.client;

import org.jspecify.annotations.NullMarked;
