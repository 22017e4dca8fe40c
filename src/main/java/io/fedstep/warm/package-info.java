/**
 * The load from which the JVM learns what a server loads and compiles: its AOT cache keeps that for
 * the next start. {@code bin/fedstep warm} and the image's build run it.
 */
@NullMarked
package io.fedstep.warm;

import org.jspecify.annotations.NullMarked;
