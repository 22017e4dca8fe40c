package io.fedstep.round;

/** A part of a round in which each client sends one message; its quorum is its protocol's. */
public record Stage(String name, Payload payload) {}
