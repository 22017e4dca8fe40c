/** The only package that touches files: models, versions, the update matrix and the journal. */
@NullMarked
package io.fedstep.store;

import org.jspecify.annotations.NullMarked;
