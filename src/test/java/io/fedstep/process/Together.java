package io.fedstep.process;

import io.fedstep.FedstepApplication;
import java.util.ArrayList;
import java.util.List;

/** Several fedsteps in one process, which costs a test less than a process for each. */
final class Together {
  /** Between the command lines of two of them. */
  static final String NEXT = "--next";

  private Together() {}

  /** Starts one after the other, so that their ports are told in this order. */
  public static void main(String[] arguments) {
    var one = new ArrayList<String>();
    for (String argument : List.of(arguments)) {
      if (argument.equals(NEXT)) {
        FedstepApplication.main(one.toArray(String[]::new));
        one.clear();
      } else {
        one.add(argument);
      }
    }
    FedstepApplication.main(one.toArray(String[]::new));
  }
}
