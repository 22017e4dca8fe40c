package io.fedstep.codec;

/** What a creation asks for: a model of its own, or one from another's version. */
public sealed interface ModelRequest permits NewSpec, CopySpec {}
