/** The application: its start, its wiring and its properties. */
@NullMarked
package io.fedstep;

import org.jspecify.annotations.NullMarked;
