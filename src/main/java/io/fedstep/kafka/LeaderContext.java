package io.fedstep.kafka;

import io.fedstep.coordinator.Engine;
import java.util.function.Consumer;

/**
 * What the leader of a partition has for its models.
 *
 * @param instance the name of this process
 * @param events takes what is to be done on the leader's thread, from any thread
 */
record LeaderContext(Outbox outbox, Engine engine, String instance, Consumer<Runnable> events) {}
