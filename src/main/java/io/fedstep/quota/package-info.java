/** What one client, or one address, may take of what all of them need. */
@NullMarked
package io.fedstep.quota;

import org.jspecify.annotations.NullMarked;
