package io.fedstep.planted;

/** Stands for the application's own package, which nobody else may use. */
public class Root {}
