package io.fedstep.planted.unlisted;

/** Lives in a package that has no row. */
public class Stranger {}
