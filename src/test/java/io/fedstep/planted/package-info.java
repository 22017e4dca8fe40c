/** Small violations of the architecture, so that its test can show that each of its rules fires. */
package io.fedstep.planted;
