/** What a model is and by which mathematics it advances. */
@NullMarked
package io.fedstep.model;

import org.jspecify.annotations.NullMarked;
